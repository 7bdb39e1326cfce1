"""The packing slips of shipments, built from the rows."""

from collections.abc import Sequence
from uuid import UUID

from app.core.calendar import ShopDays
from app.documents.packing_slip import PackingSlip, SlipLine
from app.errors import ShipmentNotFound
from app.models import Order, Shipment, ShipmentStatus
from app.repositories.orders.shipment_repository import ShipmentRepository


class PackingSlips:
    """Reads the content of the packing slips of shipments."""

    def __init__(
        self, shipments: ShipmentRepository, days: ShopDays, shop: str, shop_address: str | None
    ) -> None:
        self._shipments = shipments
        self._days = days
        self._shop = shop
        self._shop_address = shop_address

    async def of(self, shipment_ids: Sequence[UUID]) -> list[PackingSlip]:
        """Return the packing slips of shipments, in this order, each once.

        Raises:
            ShipmentNotFound: one of them does not exist.
        """
        wanted = list(dict.fromkeys(shipment_ids))
        shipments, orders = await self._shipments.with_orders(wanted)
        for each in wanted:
            if each not in shipments:
                raise ShipmentNotFound.of(each)
        return [self._slip(shipments[each], orders[shipments[each].order_id]) for each in wanted]

    def _slip(self, shipment: Shipment, order: Order) -> PackingSlip:
        items = {each.position: each for each in order.items}
        lines = [
            SlipLine(items[each.position].sku, items[each.position].name, each.quantity)
            for each in shipment.lines
        ]
        return PackingSlip(
            shop=self._shop,
            shop_address=self._shop_address,
            number=shipment.number,
            order_number=order.number,
            packed_on=self._days.day_of(shipment.created_at),
            locale=order.locale,
            address=order.delivery_address,
            method=str((order.shipping_method or {}).get("name", "")),
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
            lines=tuple(lines),
            notes=tuple(each for each in (order.note, shipment.note) if each),
            is_cancelled=shipment.status is ShipmentStatus.CANCELLED,
        )
