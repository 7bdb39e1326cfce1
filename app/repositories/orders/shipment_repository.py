"""Queries over shipments."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Select, exists, select, update
from sqlalchemy.orm import selectinload

from app.errors import OrderNotFound, ShipmentNotFound
from app.models import Order, OrderItem, OrderStatus, Shipment, Variant
from app.repositories.base import Repository
from app.repositories.bulk import among
from app.schemas.page_schema import PageQuery
from app.tables.fulfilment.shipments import WITHOUT_CUSTOMER


class ShipmentRepository(Repository[Shipment]):
    """Shipments with their lines; they change only under the lock of their order."""

    model = Shipment
    not_found = ShipmentNotFound

    async def order_id_of(self, owner: UUID | None, shipment_id: UUID) -> UUID:
        """Return the order of a shipment of `owner`, or of any user if it is None.

        Raises:
            ShipmentNotFound: the shipment does not exist, or the caller may not see it.
        """
        query: Select[UUID] = select(Shipment.order_id).where(Shipment.id == shipment_id)
        if owner is not None:
            query = query.join(Order, Order.id == Shipment.order_id).where(Order.user_id == owner)
        order_id: UUID | None = await self.session.scalar(query)
        if order_id is None:
            raise ShipmentNotFound.of(shipment_id)
        return order_id

    async def items_of(self, owner: UUID | None, order_id: UUID) -> Sequence[OrderItem]:
        """Return the lines of an order of `owner`, or of any user if it is None.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """
        query = select(OrderItem).where(OrderItem.order_id == order_id)
        if owner is not None:
            query = query.join(Order, Order.id == OrderItem.order_id).where(Order.user_id == owner)
        items = (await self.session.scalars(query)).all()
        if not items:
            raise OrderNotFound.of(order_id)
        return items

    async def codes_of(self, order_id: UUID) -> Sequence[tuple[UUID, str, str | None]]:
        """Return the current id, SKU and barcode of each variant of an order."""
        of_order = select(OrderItem.variant_id).where(OrderItem.order_id == order_id)
        query = select(Variant.id, Variant.sku, Variant.barcode).where(Variant.id.in_(of_order))
        return [(row.id, row.sku, row.barcode) for row in await self.session.execute(query)]

    async def first_to_pack(self, but: UUID | None) -> UUID | None:
        """Return the first paid order with units in no shipment yet; `but` is left out."""
        packed = OrderItem.cancelled_quantity + OrderItem.shipped_quantity
        query: Select[UUID] = (
            select(Order.id)
            .where(
                Order.status == OrderStatus.PAID,
                exists().where(OrderItem.order_id == Order.id, OrderItem.quantity > packed),
            )
            .order_by(Order.created_at, Order.id)
            .limit(1)
        )
        if but is not None:
            query = query.where(Order.id != but)
        found: UUID | None = await self.session.scalar(query)
        return found

    async def flush_items(self, order: Order) -> None:
        """Write the changed lines of an order, and read them again.

        SQLAlchemy expires the product of a line that it has written.
        """
        await self.flush()
        await self.session.refresh(order, ["items"])

    async def load(self, order: Order) -> Sequence[Shipment]:
        """Load all shipments of an order into the order, and return them."""
        await self.session.refresh(order, ["shipments"])
        return order.shipments

    async def find(self, order_id: UUID, query: PageQuery) -> tuple[Sequence[Shipment], str | None]:
        """Return a page of the shipments of an order, and the cursor of the next page."""
        return await self.page(
            self.query().where(Shipment.order_id == order_id),
            Shipment.seq,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def with_orders(
        self, ids: Collection[UUID]
    ) -> tuple[dict[UUID, Shipment], dict[UUID, Order]]:
        """Return the shipments that exist, and their orders with their lines, by id."""
        chosen = self.query().where(among(self.session, Shipment.id, ids))
        shipments = {each.id: each for each in await self.session.scalars(chosen)}
        order_ids = {each.order_id for each in shipments.values()}
        query = select(Order).where(among(self.session, Order.id, order_ids))
        orders = await self.session.scalars(query.options(selectinload(Order.items)))
        return shipments, {each.id: each for each in orders}

    async def clear_customers(self, user_id: UUID, finished: Collection[OrderStatus]) -> None:
        """Clear the personal data in the shipments of a user's finished orders."""
        own = select(Order.id).where(Order.user_id == user_id, Order.status.in_(finished))
        rows = update(Shipment).where(Shipment.order_id.in_(own))
        await self.session.execute(rows.values(WITHOUT_CUSTOMER))
