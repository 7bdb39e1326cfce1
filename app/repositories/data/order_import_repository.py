"""Queries over orders that were imported before."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Order, OrderItem
from app.repositories.bulk import among


class OrderImportRepository:
    """Orders with the reference of their source."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, ids_by_reference: Mapping[str, UUID]) -> dict[str, Any]:
        """Return the orders with these references.

        An order from a release that stored no references is found by the id that was derived for
        it.
        """
        columns = (
            Order.id,
            Order.source_reference,
            Order.user_id,
            Order.status,
            Order.created_at,
        )
        is_old = and_(
            Order.source_reference.is_(None),
            among(self._session, Order.id, ids_by_reference.values()),
        )
        is_known = among(self._session, Order.source_reference, ids_by_reference.keys())
        rows = await self._session.execute(select(*columns).where(or_(is_known, is_old)))
        references = {order_id: reference for reference, order_id in ids_by_reference.items()}
        return {row.source_reference or references[row.id]: row for row in rows}

    async def lines_of(self, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
        """Return the lines of orders by SKU."""
        rows = await self._session.execute(
            select(
                OrderItem.order_id, OrderItem.sku, OrderItem.quantity, OrderItem.unit_price_minor
            ).where(among(self._session, OrderItem.order_id, ids))
        )
        lines: dict[UUID, dict[str, Any]] = {each: {} for each in ids}
        for row in rows:
            lines[row.order_id][row.sku] = row
        return lines

    async def set_reference(self, order_id: UUID, reference: str) -> None:
        """Store the reference of an order that has none."""
        await self._session.execute(
            update(Order).where(Order.id == order_id).values(source_reference=reference)
        )
