"""The prices that lists of products show, derived from the variants and the price lists."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.cache.areas.catalogue import product_tags
from app.database.sessions import mark_changed
from app.models import Product, Variant
from app.repositories.base import lock_rows
from app.repositories.bulk import among, arrays, table_of, values_of
from app.repositories.catalogue.list_prices import lowest_offers
from app.tables.products.offers import Offer, lowest_of, offer_of

_products = table_of(Product)
_variants = table_of(Variant)
_SHOWN = ("price_minor", "compare_at_minor", "price_source")

_new = arrays(_products, {name: _products.c[name].type for name in ("id", *_SHOWN)})
_CHANGE_MANY = (
    update(_products)
    .where(_products.c.id == _new.c.id)
    .values({name: _new.c[name] for name in _SHOWN})
)
_CHANGE_ONE = (
    update(_products)
    .where(_products.c.id == bindparam("product_id"))
    .values({name: bindparam(f"new_{name}") for name in _SHOWN})
)


class ListedPriceRepository:
    """The prices that lists of products show."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def derive(self, product_ids: Collection[UUID]) -> None:
        """Derive the prices of products again, and drop the cached products."""
        columns = _products.c
        chosen = among(self._session, columns.id, product_ids)
        # The lock comes first: the next statements then see what others have changed meanwhile.
        await lock_rows(self._session, columns.id, chosen, keeps_key=True)
        shown = await self._session.execute(
            select(columns.id, *(columns[name] for name in _SHOWN)).where(chosen)
        )
        before = {row.id: tuple(getattr(row, name) for name in _SHOWN) for row in shown}
        now = {
            each: (offer.price_minor, offer.compare_at_minor, offer.source)
            for each, offer in (await self._lowest_of(product_ids)).items()
        }
        changed = [
            {"id": each} | dict(zip(_SHOWN, prices, strict=True))
            for each, prices in now.items()
            if before.get(each) != prices
        ]
        # This also drops lists in further currencies.
        mark_changed(self._session, product_tags(product_ids))
        if changed:
            await self._store(changed)

    async def _lowest_of(self, product_ids: Collection[UUID]) -> Mapping[UUID, Offer]:
        # Columns are read: models would take several times as long.
        columns = _variants.c
        found = await self._session.execute(
            select(
                columns.id,
                columns.product_id,
                columns.price_minor,
                columns.compare_at_minor,
                columns.is_active,
            )
            .where(
                among(self._session, columns.product_id, product_ids),
                columns.archived_at.is_(None),
            )
            .order_by(columns.position, columns.id)
        )
        rows = found.all()
        listed = await lowest_offers(self._session, [row.id for row in rows])
        offers: dict[UUID, list[tuple[bool, Offer]]] = {}
        for row in rows:
            offer = offer_of(row, listed.get(row.id))
            offers.setdefault(row.product_id, []).append((row.is_active, offer))
        return {each: lowest_of(its) for each, its in offers.items()}

    async def _store(self, rows: Sequence[Mapping[str, Any]]) -> None:
        connection = await self._session.connection()
        if connection.dialect.name == "postgresql":
            await connection.execute(_CHANGE_MANY, values_of((_products, rows)))
        else:
            given = [
                {"product_id": row["id"]} | {f"new_{name}": row[name] for name in _SHOWN}
                for row in rows
            ]
            await connection.execute(_CHANGE_ONE, given)
