"""Queries over the orders of guests, by their e-mail addresses."""

from collections.abc import Sequence

from sqlalchemy import Select
from sqlalchemy.orm import selectinload

from app.models import Order
from app.repositories.base import Repository
from app.repositories.orders.order_repository import WHOLE


class GuestOrderRepository(Repository[Order]):
    """The orders that belong to no user."""

    model = Order

    async def all_of(self, email_key: str) -> Sequence[Order]:
        """Return the orders of guests with a key, with all their parts, the oldest first."""
        query = self._of(email_key).order_by(Order.created_at, Order.id).options(*WHOLE)
        return (await self.session.scalars(query)).all()

    async def locked_of(self, email_key: str) -> Sequence[Order]:
        """Return the orders of guests with a key, locked in the order of their ids."""
        shipments = selectinload(Order.shipments)
        query = self._of(email_key).order_by(Order.id).options(shipments).with_for_update()
        rows = await self.session.scalars(query.execution_options(populate_existing=True))
        return rows.all()

    def _of(self, email_key: str) -> Select[Order]:
        return self.query().where(Order.user_id.is_(None), Order.email_key == email_key)
