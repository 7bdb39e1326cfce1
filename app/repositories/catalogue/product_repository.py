"""Queries over products with their variants."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, contains_eager, undefer_group

from app.cache.areas.catalogue import product_tags
from app.core.search_words import search_words
from app.database.sessions import mark_changed
from app.errors import ProductNotFound, SkuTaken, VariantExists
from app.models import Product, StockMovement, Variant
from app.repositories.base import Repository, lock_rows
from app.repositories.bulk import among, among_given, insert_rows, table_of
from app.repositories.catalogue.category_filter import CategoryFilter, only
from app.repositories.catalogue.facet_repository import FACETS, facets_of_rows
from app.repositories.catalogue.list_prices import CURRENCY, read_offers, sold_in
from app.repositories.catalogue.primary_category_repository import PrimaryCategoryRepository
from app.repositories.catalogue.product_filter import ProductConditions
from app.schemas.catalogue.product_query import MAX_HITS, RELEVANCE, ProductQuery, position_of
from app.schemas.page_schema import Cursor

_SORT_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "created_at": Product.created_at,
    "name": Product.name,
    "price": Product.price_minor,
}

_products = table_of(Product)
_variants = table_of(Variant)
_movements = table_of(StockMovement)
_NOT_ARCHIVED = select(Product).where(Product.archived_at.is_(None))


@cache
def _whole(dialect: str) -> Select[Product]:
    # Built once: to build it took a tenth of the time of a read that the cache does not have.
    return (
        _NOT_ARCHIVED.where(among_given(dialect, Product.id, "ids"))
        .join(Product.variants)
        # The condition is repeated: without it, PostgreSQL may join all variants of the shop.
        .where(among_given(dialect, Variant.product_id, "ids"))
        .order_by(Variant.position, Variant.id)
        .options(contains_eager(Product.variants), undefer_group("words"))
    )


class ProductRepository(Repository[Product]):
    """Products that have not been archived."""

    model = Product
    not_found = ProductNotFound
    conflicts = {"variants.sku": SkuTaken, "variants.product_id": VariantExists}

    def query(self) -> Select[Product]:
        """Return the products that are not archived."""
        return _NOT_ARCHIVED

    async def find(self, query: ProductQuery) -> tuple[Sequence[Product], str | None]:
        """Return a page of the products that are for sale, and the cursor of the next page."""
        if query.category is None:
            return await self._page_of(query)
        if (conditions := only(query.category)) is not None:
            found = await self._page_of(query, *conditions)
            if found[0]:
                return found
        return await self._page_of(query, await self._condition_of(query.category))

    async def _page_of(
        self, query: ProductQuery, *conditions: ColumnElement[bool]
    ) -> tuple[Sequence[Product], str | None]:
        if query.order == RELEVANCE:
            return await self._best(query, *conditions)
        column = _SORT_COLUMNS[query.order.removeprefix("-")]
        return await self.page(
            self._for_sale(query).where(*conditions),
            column,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def _best(
        self, query: ProductQuery, *conditions: ColumnElement[bool]
    ) -> tuple[Sequence[Product], str | None]:
        """Return a page of the most relevant products; a cursor is a number of products."""
        first = 0 if query.cursor is None else position_of(query.cursor)
        if not search_words(query.q or ""):
            return [], None
        its = ProductConditions(self.session, query)
        rows = its.ranked(self._for_sale(query).where(*conditions))
        last = min(first + query.limit, MAX_HITS)
        found = (await self.session.scalars(rows.offset(first).limit(last - first + 1))).all()
        if first + len(found) <= last or last == MAX_HITS:
            return found[: last - first], None
        page = found[: last - first]
        return page, Cursor(order=RELEVANCE, value=last, id=page[-1].id).encode()

    async def count(self, query: ProductQuery) -> int:
        """Return the number of the products that are for sale, up to the limit of a count."""
        rows = self._for_sale(query)
        if query.category is not None:
            rows = rows.where(await self._condition_of(query.category))
        return await self.bounded_count(rows)

    async def _condition_of(self, category: str) -> ColumnElement[bool]:
        return await CategoryFilter(self.session).condition(category)

    def _for_sale(self, query: ProductQuery) -> Select[Product]:
        rows = select(Product).where(*ProductConditions(self.session, query).all())
        if query.currency in (None, self.session.info[CURRENCY]):
            return rows
        return rows.where(sold_in(self.session, str(query.currency)))

    async def lock(self, product_ids: Collection[UUID]) -> None:
        """Lock products with their variants until the transaction ends.

        Variants are locked first, as by orders; products follow where their listing changes.
        """
        its = among(self.session, Variant.product_id, product_ids)
        # The index contains only rows that are not archived, and the others are not changed.
        await lock_rows(self.session, Variant.id, its & Variant.archived_at.is_(None))
        await self.lock_in_id_order(product_ids)

    async def get(self, row_id: UUID, *, lock: bool = False) -> Product:
        """Return a product with its variants and their current prices.

        `lock` keeps others from changing them.

        Raises:
            ProductNotFound: the product does not exist.
        """
        if lock:
            await self.lock([row_id])
        found = await self.whole([row_id], is_locked=lock)
        if not found:
            raise ProductNotFound.of(row_id)
        return found[row_id]

    async def whole(
        self, product_ids: Collection[UUID], *, is_locked: bool = False
    ) -> dict[UUID, Product]:
        """Return those of the products that exist, as `get` does."""
        rows = await self.session.scalars(
            _whole(self.session.get_bind().dialect.name),
            {"ids": list(product_ids)},
            execution_options={"populate_existing": is_locked},
        )
        found = {each.id: each for each in rows.unique()}
        variants = [variant for each in found.values() for variant in each.variants]
        await read_offers(self.session, variants)
        return found

    async def sold_in(self, variants: Collection[Variant], currency: str) -> list[Variant]:
        """Return the variants that currently have a price in a currency, with that price."""
        await read_offers(self.session, variants, currency)
        is_first = currency == self.session.info[CURRENCY]
        return [each for each in variants if is_first or each.listed is not None]

    async def variants_of(self, product_ids: Collection[UUID]) -> dict[UUID, list[Variant]]:
        """Return the variants of products in their order."""
        found: dict[UUID, list[Variant]] = {each: [] for each in product_ids}
        query = (
            select(Variant)
            .where(
                among(self.session, Variant.product_id, product_ids), Variant.archived_at.is_(None)
            )
            .order_by(Variant.position, Variant.id)
        )
        for variant in await self.session.scalars(query):
            found[variant.product_id].append(variant)
        return found

    async def add_all(
        self,
        products: Sequence[Mapping[str, Any]],
        variants: Sequence[Mapping[str, object]],
        movements: Sequence[Mapping[str, object]],
    ) -> None:
        """Add products with their variants and the movements of their stock, given as columns.

        Categories that are given by name only are created if they do not exist.

        Raises:
            SkuTaken, VariantExists: nothing is added.
        """
        mark_changed(self.session, product_tags(map(_id_of, products)))
        at = max((each["created_at"] for each in products), default=None)
        if at is not None:
            names = {each["category"] for each in products if not each.get("primary_category_id")}
            ids = await PrimaryCategoryRepository(self.session).ids_of(names, at)
            products = [
                {
                    **each,
                    "primary_category_id": each.get("primary_category_id") or ids[each["category"]],
                }
                for each in products
            ]
        with self.refusing_taken():
            await insert_rows(
                self.session,
                (_products, products),
                (_variants, variants),
                (_movements, movements),
                (FACETS, facets_of_rows(products, variants)),
            )

    async def ids_from(self, first: UUID, limit: int, *, skip: int = 0) -> list[UUID]:
        """Return some products for sale in the order of their ids, from one id on."""
        columns = _products.c
        query = (
            select(columns.id)
            .where(columns.archived_at.is_(None), columns.is_active, columns.id >= first)
            .order_by(columns.id)
        )
        return list(await self.session.scalars(query.offset(skip).limit(limit)))

    async def has_any(self) -> bool:
        """Return whether the shop ever had a product."""
        return await self.session.scalar(select(Product.id).limit(1)) is not None

    async def currency_in_use(self) -> str | None:
        """Return the currency of the prices; None without products."""
        currency: str | None = await self.session.scalar(select(Product.currency).limit(1))
        return currency


def _id_of(row: Mapping[str, object]) -> UUID:
    return cast(UUID, row["id"])
