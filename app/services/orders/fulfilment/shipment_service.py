"""The shipments of orders, which staff packs and customers see."""

from uuid import UUID

from app.core.clock import Clock
from app.errors import IllegalTransition, ShipmentNotFound
from app.models import Order, OrderStatus, Shipment
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.orders.shipment_repository import ShipmentRepository
from app.schemas.orders.order_schema import OrderRead
from app.schemas.orders.shipment_schema import (
    ShipmentChange,
    ShipmentCreate,
    ShipmentPage,
    ShipmentQuery,
    ShipmentRead,
)
from app.security.principal import Caller
from app.services.carts.cart_access import Visitor
from app.services.orders.checkouts import Checkouts
from app.services.orders.fulfilment.parcels import (
    Label,
    Parcels,
    pieces_to_pack,
    shipment_document,
)
from app.services.orders.order_moves import OrderMoves
from app.services.preconditions import require_match


class ShipmentService:
    """Packs, ships, delivers and cancels shipments; the status of their order follows."""

    def __init__(
        self,
        orders: OrderRepository,
        shipments: ShipmentRepository,
        parcels: Parcels,
        moves: OrderMoves,
        checkouts: Checkouts,
        clock: Clock,
    ) -> None:
        self._orders = orders
        self._shipments = shipments
        self._parcels = parcels
        self._moves = moves
        self._checkouts = checkouts
        self._clock = clock

    async def pack(
        self, caller: Caller, order_id: UUID, data: ShipmentCreate, if_match: str | None = None
    ) -> ShipmentRead:
        """Pack units of a paid order, by default all that are left.

        Raises:
            OrderNotFound, PreconditionFailed, IllegalTransition, OrderLineNotFound,
            QuantityNotLeft: nothing is changed.
        """
        order = await self._orders.get_whole(caller.owner, order_id, lock=True)
        require_match(if_match, OrderRead.model_validate(order))
        if order.status is not OrderStatus.PAID:
            raise IllegalTransition(
                f"an order that is {order.status} cannot be packed",
                order_id=str(order.id),
                from_status=order.status,
            )
        pieces = pieces_to_pack(order, data.pieces())
        label = Label(data.carrier, data.tracking_number, data.note)
        shipment = await self._parcels.pack(order, pieces, self._clock.now(), label)
        return await self._settled(caller, order, shipment)

    async def next_to_pack(self, but: UUID | None = None) -> UUID | None:
        """Return the oldest paid order with units to be packed, if any; `but` is left out."""
        return await self._shipments.first_to_pack(but)

    async def codes_of(self, order_id: UUID) -> dict[UUID, list[str]]:
        """Return the SKUs and barcodes that a scanner may read on the variants of an order."""
        rows = await self._shipments.codes_of(order_id)
        return {
            variant_id: [sku, barcode] if barcode else [sku] for variant_id, sku, barcode in rows
        }

    async def of_order(self, caller: Caller, order_id: UUID, query: ShipmentQuery) -> ShipmentPage:
        """Return a page of the shipments of an order.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """
        return await self._page(caller.owner, order_id, query)

    async def of_cart(self, visitor: Visitor, cart_id: UUID, query: ShipmentQuery) -> ShipmentPage:
        """Return a page of the shipments of the order of a cart.

        Raises:
            CartNotFound, CartMerged, OrderNotFound: the order does not exist or is not visible.
        """
        order_id = await self._checkouts.order_id_of(visitor, cart_id, part="/order/shipments")
        return await self._page(None, order_id, query)

    async def _page(self, owner: UUID | None, order_id: UUID, query: ShipmentQuery) -> ShipmentPage:
        items = await self._shipments.items_of(owner, order_id)
        found, following = await self._shipments.find(order_id, query)
        return ShipmentPage(
            items=[shipment_document(each, items) for each in found], next=following
        )

    async def get(self, caller: Caller, shipment_id: UUID) -> ShipmentRead:
        """Return a shipment.

        Raises:
            ShipmentNotFound: the shipment does not exist, or the caller may not see it.
        """
        order_id = await self._shipments.order_id_of(caller.owner, shipment_id)
        items = await self._shipments.items_of(caller.owner, order_id)
        return shipment_document(await self._shipments.get(shipment_id), items)

    async def change(
        self, caller: Caller, shipment_id: UUID, change: ShipmentChange, if_match: str | None = None
    ) -> ShipmentRead:
        """Change the carrier and the tracking number of a shipment.

        Raises:
            ShipmentNotFound, PreconditionFailed: nothing is changed.
        """
        order, shipment = await self._locked(caller, shipment_id, if_match)
        for name, value in change.changes().items():
            setattr(shipment, name, value)
        shipment.tracking_url = self._parcels.tracking_url(
            shipment.carrier, shipment.tracking_number
        )
        shipment.touch(self._clock.now())
        await self._shipments.flush()
        return shipment_document(shipment, order.items)

    async def ship(
        self, caller: Caller, shipment_id: UUID, if_match: str | None = None
    ) -> ShipmentRead:
        """Record that a shipment has left the shop, and write to the customer.

        Raises:
            ShipmentNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        order, shipment = await self._locked(caller, shipment_id, if_match)
        await self._parcels.send(order, shipment, self._clock.now())
        return await self._settled(caller, order, shipment)

    async def deliver(
        self, caller: Caller, shipment_id: UUID, if_match: str | None = None
    ) -> ShipmentRead:
        """Record that a shipment has arrived.

        Raises:
            ShipmentNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        order, shipment = await self._locked(caller, shipment_id, if_match)
        await self._parcels.arrive(order, shipment, self._clock.now())
        return await self._settled(caller, order, shipment)

    async def cancel(
        self, caller: Caller, shipment_id: UUID, if_match: str | None = None
    ) -> ShipmentRead:
        """Cancel a shipment that has not left the shop; its units can be packed again.

        Raises:
            ShipmentNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        order, shipment = await self._locked(caller, shipment_id, if_match)
        await self._parcels.unpack(order, shipment, self._clock.now())
        return await self._settled(caller, order, shipment)

    async def _locked(
        self, caller: Caller, shipment_id: UUID, if_match: str | None
    ) -> tuple[Order, Shipment]:
        """Return a shipment and its order, whose lock is also that of its shipments."""
        order_id = await self._shipments.order_id_of(caller.owner, shipment_id)
        order = await self._orders.get_whole(caller.owner, order_id, lock=True)
        found = {each.id: each for each in await self._shipments.load(order)}
        if (shipment := found.get(shipment_id)) is None:
            raise ShipmentNotFound.of(shipment_id)
        require_match(if_match, shipment_document(shipment, order.items))
        return order, shipment

    async def _settled(self, caller: Caller, order: Order, shipment: Shipment) -> ShipmentRead:
        order.touch(self._clock.now())
        await self._moves.settle(order, caller.name)
        await self._orders.flush()
        return shipment_document(shipment, order.items)
