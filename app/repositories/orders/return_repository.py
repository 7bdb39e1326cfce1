"""Queries over returns."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import joinedload

from app.errors import ReturnNotFound
from app.models import Order, OrderStatus, Return
from app.repositories.base import Repository
from app.repositories.bulk import among
from app.schemas.page_schema import PageQuery
from app.tables.fulfilment.returns import WITHOUT_NOTES


class ReturnRepository(Repository[Return]):
    """Returns with their lines; they change only under the lock of their order."""

    model = Return
    not_found = ReturnNotFound

    async def order_id_of(self, owner: UUID | None, return_id: UUID) -> UUID:
        """Return the order of a return of `owner`, or of any user if it is None.

        Raises:
            ReturnNotFound: the return does not exist, or the caller may not see it.
        """
        query: Select[UUID] = select(Return.order_id).where(Return.id == return_id)
        if owner is not None:
            query = query.join(Order, Order.id == Return.order_id).where(Order.user_id == owner)
        order_id: UUID | None = await self.session.scalar(query)
        if order_id is None:
            raise ReturnNotFound.of(return_id)
        return order_id

    async def all_of_order(self, order_id: UUID) -> Sequence[Return]:
        """Return all returns of an order, the first one first."""
        query = self.query().where(Return.order_id == order_id).order_by(Return.seq)
        rows = await self.session.scalars(query.options(joinedload(Return.lines)))
        return rows.unique().all()

    async def find(self, order_id: UUID, query: PageQuery) -> tuple[Sequence[Return], str | None]:
        """Return a page of the returns of an order, and the cursor of the next page."""
        return await self.page(
            self.query().where(Return.order_id == order_id),
            Return.seq,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def of_orders(self, order_ids: Collection[UUID]) -> Sequence[Return]:
        """Return the returns of orders, the oldest first."""
        query = self.query().where(among(self.session, Return.order_id, order_ids))
        return (await self.session.scalars(query.order_by(Return.created_at, Return.id))).all()

    async def clear_of_order(self, order_id: UUID) -> None:
        """Clear the notes in the returns of an order."""
        rows = update(Return).where(Return.order_id == order_id)
        await self.session.execute(rows.values(WITHOUT_NOTES))

    async def clear_customers(self, user_id: UUID, finished: Collection[OrderStatus]) -> None:
        """Clear the notes in the returns of the finished orders of a user."""
        own = select(Order.id).where(Order.user_id == user_id, Order.status.in_(finished))
        rows = update(Return).where(Return.order_id.in_(own))
        await self.session.execute(rows.values(WITHOUT_NOTES))
