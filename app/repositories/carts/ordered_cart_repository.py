"""Queries over carts that are ordered, many at once."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.models import Cart, ShippingMethod
from app.repositories.bulk import among_given, arrays, table_of, values_of

_carts = table_of(Cart)
_columns = _carts.c
_MARK = (
    update(_carts)
    .where(_columns.id == bindparam("cart_id"))
    .values(
        order_id=bindparam("ordered_by"),
        touched_at=bindparam("at"),
        updated_at=bindparam("at"),
        version=_columns.version + 1,
    )
)
_ordered = arrays(_carts, {"id": _columns.id.type, "order_id": _columns.id.type})
_MARK_ALL = (
    update(_carts)
    .where(_columns.id == _ordered.c.id)
    .values(
        order_id=_ordered.c.order_id,
        touched_at=bindparam("at"),
        updated_at=bindparam("at"),
        version=_columns.version + 1,
    )
)


@cache
def _locked(dialect: str) -> Select[Any]:
    # The order of the ids prevents deadlocks between transactions that lock the same carts.
    chosen = among_given(dialect, _columns.id, "ids")
    return select(_columns.id).where(chosen).order_by(_columns.id).with_for_update()


@cache
def _read(dialect: str) -> Select[Cart]:
    return (
        select(Cart)
        .where(among_given(dialect, _columns.id, "ids"))
        .options(joinedload(Cart.shipping_method).joinedload(ShippingMethod.rates))
        .execution_options(populate_existing=True)
    )


class OrderedCartRepository:
    """Carts that are ordered, with their shipping methods."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_all(self, ids: Collection[UUID]) -> dict[UUID, Cart]:
        """Return those of the carts that exist, locked until the transaction ends."""
        if not ids:
            return {}
        dialect, given = self._session.get_bind().dialect.name, {"ids": list(ids)}
        # The statement that waits for a lock may return values from before the lock.
        await self._session.execute(_locked(dialect), given)
        carts = await self._session.scalars(_read(dialect), given)
        return {each.id: each for each in carts.unique()}

    async def mark_ordered(self, order_ids: Mapping[UUID, UUID], at: datetime) -> None:
        """Record the orders by which carts were ordered."""
        if not order_ids:
            return
        connection = await self._session.connection()
        if connection.dialect.name == "postgresql":
            rows = [{"id": each, "order_id": order_id} for each, order_id in order_ids.items()]
            await connection.execute(_MARK_ALL, values_of((_carts, rows)) | {"at": at})
        else:
            await connection.execute(
                _MARK,
                [
                    {"cart_id": each, "ordered_by": order_id, "at": at}
                    for each, order_id in order_ids.items()
                ],
            )
