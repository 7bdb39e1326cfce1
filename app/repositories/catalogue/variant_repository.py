"""Queries over the variants of products."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, bindparam, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.cache.areas.catalogue import product_tags
from app.database.sessions import mark_changed
from app.errors import NotSoldInCurrency, SkuTaken, VariantExists, VariantNotFound
from app.models import Product, Variant
from app.repositories.base import Repository
from app.repositories.bulk import insert_rows, table_of
from app.repositories.catalogue.list_prices import CURRENCY, read_offers
from app.schemas.catalogue.variant_schema import VariantQuery

_variants = table_of(Variant)


class VariantRepository(Repository[Variant]):
    """Variants that are not archived, of products that are not archived."""

    model = Variant
    not_found = VariantNotFound
    conflicts = {"sku": SkuTaken, "product_id": VariantExists}

    def query(self) -> Select[Variant]:
        """Return the variants that are not archived, with their products."""
        is_there = exists().where(Product.id == Variant.product_id, Product.archived_at.is_(None))
        return select(Variant).where(Variant.archived_at.is_(None), is_there)

    async def shown(self, variant_id: UUID, currency: str | None = None) -> Variant:
        """Return a variant with its current price, by default in the currency of the shop.

        Raises:
            VariantNotFound: the variant does not exist.
            NotSoldInCurrency: it has no price in the currency.
        """
        variant = await self.get(variant_id)
        await read_offers(self.session, [variant], currency)
        is_first = currency in (None, self.session.info[CURRENCY])
        if not is_first and variant.listed is None:
            raise NotSoldInCurrency(
                f"variant {variant_id} has no price in {currency}",
                id=str(variant_id),
                currency=currency,
            )
        return variant

    async def product_of(self, variant_id: UUID) -> UUID:
        """Return the product of a variant.

        Raises:
            VariantNotFound: the variant does not exist.
        """
        return (await self.get(variant_id)).product_id

    async def find(self, query: VariantQuery) -> tuple[Sequence[Any], str | None]:
        """Return a page of variants with their current prices, and the cursor of the next page."""
        rows = self.query()
        if query.sku is not None:
            rows = rows.where(Variant.sku == query.sku)
        if query.product_id is not None:
            rows = rows.where(Variant.product_id == query.product_id)
        if query.stock == "low":
            rows = rows.where(Variant.low_since.is_not(None), Variant.is_active)
        column: Any = Variant.created_at
        if query.sort == "low_since":
            rows, column = rows.where(Variant.low_since.is_not(None)), Variant.low_since
        variants, following = await self.page(
            rows,
            cast(InstrumentedAttribute[Any], column),
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )
        await read_offers(self.session, variants)
        return variants, following

    async def option_names_of(self, product_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[str]]:
        """Return the names of the options of products."""
        rows = await self.session.execute(
            select(Product.id, Product.option_names).where(Product.id.in_(set(product_ids)))
        )
        return {row.id: row.option_names for row in rows}

    async def add_all(self, product_id: UUID, variants: Sequence[Mapping[str, object]]) -> None:
        """Add variants to a product, given as columns.

        Raises:
            SkuTaken, VariantExists: nothing is added.
        """
        mark_changed(self.session, product_tags([product_id]))
        with self.refusing_taken():
            await insert_rows(self.session, (_variants, variants))

    async def set_option_values(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Change the option values of variants, given as columns with their ids.

        Raises:
            VariantExists: two variants of a product would have the same values.
        """
        names = [name for name in rows[0] if name != "id"]
        changed = update(_variants).where(_variants.c.id == bindparam("row_id"))
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        given = [
            {"row_id": row["id"]} | {f"new_{name}": row[name] for name in names} for row in rows
        ]
        connection = await self.session.connection()
        with self.refusing_taken():
            # Two variants may exchange their values, and the index compares after each row.
            await connection.execute(
                changed.values(option1_key=bindparam("row_key")),
                [{"row_id": row["id"], "row_key": f"\x01{row['id']}"} for row in rows],
            )
            await connection.execute(changed.values(**values), given)
