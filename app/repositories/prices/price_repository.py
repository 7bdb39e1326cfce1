"""Queries over the prices of price lists."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Price, Product, Variant
from app.repositories.bulk import among, insert_of, table_of, values_of
from app.schemas.page_schema import Cursor, PageQuery

_prices = table_of(Price)
_variants = table_of(Variant)
_products = table_of(Product)
_COLUMNS = ("price_list_id", "variant_id", "amount_minor", "compare_at_minor")


class PriceRepository:
    """The prices of price lists."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, list_id: UUID, query: PageQuery) -> tuple[Sequence[Any], str | None]:
        """Return a page of the prices of variants that are not archived, and the next cursor."""
        prices, variants = _prices.c, _variants.c
        rows = (
            select(
                prices.variant_id,
                variants.product_id,
                variants.sku,
                prices.amount_minor,
                prices.compare_at_minor,
            )
            .join(_variants, variants.id == prices.variant_id)
            .where(prices.price_list_id == list_id, variants.archived_at.is_(None))
            .order_by(prices.variant_id)
            .limit(query.limit + 1)
        )
        if query.cursor is not None:
            after = Cursor.decode(query.cursor, query.order, int)
            rows = rows.where(prices.variant_id > after.id)
        found = (await self._session.execute(rows)).all()
        if len(found) <= query.limit:
            return found, None
        page = found[: query.limit]
        following = Cursor(order=query.order, value=0, id=page[-1].variant_id)
        return page, following.encode()

    async def of_variants(self, list_id: UUID, variant_ids: Collection[UUID]) -> dict[UUID, Any]:
        """Return the variants that are not archived, with their prices in a list, if any."""
        variants, prices = _variants.c, _prices.c
        rows = await self._session.execute(
            select(
                variants.id,
                variants.product_id,
                variants.price_minor,
                prices.amount_minor,
                prices.compare_at_minor,
            )
            .join(_products, _products.c.id == variants.product_id)
            .outerjoin(
                _prices, (prices.variant_id == variants.id) & (prices.price_list_id == list_id)
            )
            .where(
                among(self._session, variants.id, variant_ids),
                variants.archived_at.is_(None),
                _products.c.archived_at.is_(None),
            )
        )
        return {row.id: row for row in rows}

    async def replace(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Set prices, given as columns."""
        if not rows:
            return
        # The rows are in the order in which variants are locked, because the foreign keys lock
        # them, too.
        rows = sorted(rows, key=lambda each: each["variant_id"])
        connection = await self._session.connection()
        if connection.dialect.name == "postgresql":
            insertion: Any = insert_of(_prices, _COLUMNS)
            await connection.execute(_updating(insertion), values_of((_prices, rows)))
        else:
            await connection.execute(_updating(sqlite_insert(_prices)), rows)

    async def remove(self, list_id: UUID, variant_ids: Collection[UUID]) -> None:
        """Remove the prices of variants from a list."""
        await self._session.execute(
            delete(_prices).where(
                _prices.c.price_list_id == list_id,
                among(self._session, _prices.c.variant_id, variant_ids),
            )
        )

    async def clear(self, list_id: UUID) -> None:
        """Remove all prices from a list."""
        await self._session.execute(delete(_prices).where(_prices.c.price_list_id == list_id))

    async def following(
        self, list_id: UUID, after: UUID, limit: int
    ) -> tuple[list[UUID], set[UUID]]:
        """Return the variants that have prices in a list after one, and their products."""
        rows = await self._session.execute(
            select(_prices.c.variant_id, _variants.c.product_id)
            .join(_variants, _variants.c.id == _prices.c.variant_id)
            .where(_prices.c.price_list_id == list_id, _prices.c.variant_id > after)
            .order_by(_prices.c.variant_id)
            .limit(limit)
        )
        found = rows.all()
        return [row.variant_id for row in found], {row.product_id for row in found}


def _updating(insertion: Any) -> Any:
    """Return an insertion that changes existing rows."""
    new = insertion.excluded
    return insertion.on_conflict_do_update(
        index_elements=["price_list_id", "variant_id"],
        set_={"amount_minor": new.amount_minor, "compare_at_minor": new.compare_at_minor},
    )
