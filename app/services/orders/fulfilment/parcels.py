"""The changes of shipments, in the transaction of a change of their order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from msgspec import Struct

from app.core.ids import new_id
from app.errors import QuantityNotLeft
from app.mails.order_mail import MailOccasion, OrderMailKind
from app.models import Order, OrderItem, Shipment, ShipmentLine, ShipmentStatus
from app.repositories.orders.return_repository import ReturnRepository
from app.repositories.orders.shipment_repository import ShipmentRepository
from app.schemas.orders.fulfilment_events import (
    ShipmentCancelledEvent,
    ShipmentDeliveredEvent,
    ShipmentPackedEvent,
    ShipmentShippedEvent,
)
from app.schemas.orders.shipment_schema import ShipmentLineRead, ShipmentRead
from app.services.messaging.outbox_service import OutboxService
from app.services.orders.cancelled_lines import pieces_left
from app.services.orders.order_mails import mail_about_goods
from app.services.system.mail_service import MailService


class Label(Struct, frozen=True):
    """The carrier and the tracking number of a shipment."""

    carrier: str | None = None
    """The carrier, by default that of the shipping method of the order."""
    tracking_number: str | None = None
    note: str = ""


_NO_LABEL = Label()


class Parcels:
    """Changes the shipments of orders whose rows are locked, and announces what has changed.

    The status of the order follows by `OrderMoves.settle`.
    """

    def __init__(
        self,
        shipments: ShipmentRepository,
        returns: ReturnRepository,
        outbox: OutboxService,
        mails: MailService,
        carriers: Mapping[str, str],
    ) -> None:
        self._shipments = shipments
        self._returns = returns
        self._outbox = outbox
        self._mails = mails
        self._templates = {name.casefold(): template for name, template in carriers.items()}

    async def pack(
        self, order: Order, pieces: Mapping[int, int], at: datetime, label: Label = _NO_LABEL
    ) -> Shipment:
        """Pack units of the lines of an order, by the positions of the lines."""
        before = await self._shipments.load(order)
        seq = len(before) + 1
        carrier = label.carrier
        if carrier is None:
            carrier = str((order.shipping_method or {}).get("carrier", ""))
        shipment = Shipment(
            id=new_id(at),
            order_id=order.id,
            seq=seq,
            number=f"{order.number}-{seq}",
            status=ShipmentStatus.PACKED,
            carrier=carrier,
            tracking_number=label.tracking_number,
            tracking_url=self.tracking_url(carrier, label.tracking_number),
            note=label.note,
            created_at=at,
            updated_at=at,
            version=1,
            lines=[ShipmentLine(position=place, quantity=each) for place, each in pieces.items()],
        )
        order.shipments.append(shipment)
        for item in order.items:
            item.shipped_quantity += pieces.get(item.position, 0)
        await self._shipments.flush_items(order)
        packed = shipment_document(shipment, order.items)
        await self._outbox.announce(ShipmentPackedEvent(order.id, packed))
        return shipment

    async def send(self, order: Order, shipment: Shipment, at: datetime) -> None:
        """Ship a shipment, and write to the customer.

        Raises:
            IllegalTransition: nothing is changed.
        """
        shipment.move_to(ShipmentStatus.SHIPPED, at)
        await self._shipments.flush()
        sent = shipment_document(shipment, order.items)
        await self._outbox.announce(ShipmentShippedEvent(order.id, sent))
        if order.email is not None:
            mail = mail_about_goods(
                order,
                sent.lines,
                MailOccasion(
                    tracking=(
                        None
                        if sent.tracking_number is None
                        else f"{sent.carrier} {sent.tracking_number}".strip()
                    )
                ),
                link=sent.tracking_url,
            )
            await self._mails.write_further_about_order(OrderMailKind.SHIPPED, mail, order.user_id)

    async def arrive(self, order: Order, shipment: Shipment, at: datetime) -> None:
        """Record that a shipment has arrived.

        Raises:
            IllegalTransition: nothing is changed.
        """
        shipment.move_to(ShipmentStatus.DELIVERED, at)
        await self._shipments.flush()
        arrived = shipment_document(shipment, order.items)
        await self._outbox.announce(ShipmentDeliveredEvent(order.id, arrived))

    async def unpack(self, order: Order, shipment: Shipment, at: datetime) -> None:
        """Cancel a shipment that has not left the shop; its units can be packed again.

        Raises:
            IllegalTransition: nothing is changed.
        """
        shipment.move_to(ShipmentStatus.CANCELLED, at)
        pieces = {line.position: line.quantity for line in shipment.lines}
        for item in order.items:
            item.shipped_quantity -= pieces.get(item.position, 0)
        await self._shipments.flush_items(order)
        cancelled = shipment_document(shipment, order.items)
        await self._outbox.announce(ShipmentCancelledEvent(order.id, cancelled))

    async def send_all(self, order: Order, at: datetime) -> None:
        """Pack all units that are left into one shipment, and ship all packed shipments."""
        if pieces := unpacked(order):
            await self.pack(order, pieces, at)
        for shipment in order.shipments:
            if shipment.status is ShipmentStatus.PACKED:
                await self.send(order, shipment, at)

    async def arrive_all(self, order: Order, at: datetime) -> None:
        """Record that all shipments that were shipped have arrived."""
        for shipment in order.shipments:
            if shipment.status is ShipmentStatus.SHIPPED:
                await self.arrive(order, shipment, at)

    async def forget_customer(self, order: Order) -> None:
        """Clear the personal data in the shipments and returns of an order."""
        for shipment in order.shipments:
            shipment.clear_customer()
        await self._returns.clear_of_order(order.id)

    def tracking_url(self, carrier: str, number: str | None) -> str | None:
        """Return the address at which the carrier tracks a shipment, if that is known."""
        template = self._templates.get(carrier.casefold())
        if template is None or number is None:
            return None
        return template.replace("{number}", quote(number, safe=""))


def shipment_document(shipment: Shipment, items: Sequence[OrderItem]) -> ShipmentRead:
    """Return the document of a shipment of an order with these lines."""
    by_position = {each.position: each for each in items}
    lines = [
        ShipmentLineRead(**bought(by_position[line.position]), quantity=line.quantity)
        for line in shipment.lines
    ]
    return ShipmentRead(
        **{name: getattr(shipment, name) for name in _FIELDS if name != "lines"}, lines=lines
    )


def bought(item: OrderItem) -> dict[str, Any]:
    """Return the fields that identify the goods of a line of an order."""
    names = ("product_id", "variant_id", "position", "sku", "name")
    return {name: getattr(item, name) for name in names}


_FIELDS = tuple(ShipmentRead.model_fields)


def unpacked(order: Order) -> dict[int, int]:
    """Return the units that are neither cancelled nor in a shipment, by the positions of lines."""
    left = {each.position: each.unpacked_quantity for each in order.items}
    return {position: pieces for position, pieces in left.items() if pieces}


def pieces_to_pack(order: Order, wanted: Mapping[UUID, int] | None) -> dict[int, int]:
    """Return the units of each line to be packed, by default all that are left.

    Raises:
        OrderLineNotFound: there is no line of a variant.
        QuantityNotLeft: a line has fewer units left, or none has any.
    """
    left = unpacked(order)
    if wanted is None:
        if not left:
            raise QuantityNotLeft("no units are left to be packed", order_id=str(order.id), left=0)
        return left
    chosen = [pieces_left(order, each, quantity) for each, quantity in wanted.items()]
    return {item.position: pieces for item, pieces in chosen}
