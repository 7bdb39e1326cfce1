"""Queries over the parts of orders."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Invoice, Payment, Refund, Return, Shipment

Part = type[Invoice] | type[Payment] | type[Refund] | type[Return] | type[Shipment]


class OrderPartRepository:
    """Payments, invoices, shipments and returns as parts of orders."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def has(self, order_id: UUID, part: Part, part_id: UUID) -> bool:
        """Return whether an order has a part with this id."""
        query = exists().where(part.id == part_id, part.order_id == order_id)
        return bool(await self._session.scalar(select(query)))
