"""Queries over products and their stock."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select, text, update
from sqlalchemy.orm import InstrumentedAttribute

from app.cache.areas.catalogue import product_tags
from app.core.ids import new_id
from app.core.search_words import search_words
from app.database.sessions import mark_changed
from app.errors import ProductNotFound, SkuTaken
from app.models import MovementReason, Product, StockMovement
from app.repositories.base import Repository
from app.repositories.bulk import (
    among,
    among_given,
    arrays,
    insert_of,
    insert_rows,
    table_of,
    values_of,
)
from app.repositories.catalogue.category_filter import CategoryFilter, only
from app.repositories.catalogue.primary_category_repository import PrimaryCategoryRepository
from app.schemas.catalogue.product_schema import ProductQuery
from app.schemas.page_schema import PageQuery
from app.tables.catalogue import LOW_STOCK_AT, changes_availability

_SORT_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "created_at": Product.created_at,
    "name": Product.name,
    "price": Product.price_minor,
}

_products = table_of(Product)
_movements = table_of(StockMovement)

MOVEMENT = ("id", "product_id", "quantity", "reason", "source", "created_at")
"""The columns of a stock movement."""


@cache
def _locked(dialect: str) -> Select[Any]:
    # The order of the ids prevents deadlocks between buyers of the same products.
    columns = _products.c
    return (
        select(
            columns.id,
            columns.sku,
            columns.name,
            columns.price_minor,
            columns.stock_quantity,
            columns.is_active,
        )
        .where(among_given(dialect, columns.id, "ids"), columns.archived_at.is_(None))
        .order_by(columns.id)
        .with_for_update()
    )


# No `stock_quantity >= pieces` in the WHERE: it would turn a shortage that the lock should have
# excluded into an update of no row, which would pass unnoticed. The CHECK constraint raises an
# error.
_CHANGE_STOCK = (
    update(_products)
    .where(_products.c.id == bindparam("product_id"))
    .values(
        stock_quantity=_products.c.stock_quantity + bindparam("pieces"), updated_at=bindparam("at")
    )
)
_moved = arrays(
    _products, {"id": _products.c.id.type, "stock_quantity": _products.c.stock_quantity.type}
)
_CHANGE_STOCKS = (
    update(_products)
    .where(_products.c.id == _moved.c.id)
    .values(
        stock_quantity=_products.c.stock_quantity + _moved.c.stock_quantity,
        updated_at=bindparam("at"),
    )
    .add_cte(insert_of(_movements, MOVEMENT).cte())
)
_SQLITE_SEARCH = text("""products.id IN (
    SELECT product_id FROM product_search_rows WHERE row IN (
        SELECT rowid FROM product_search WHERE product_search MATCH :words))""")


def movement_row(
    product_id: UUID, quantity: int, reason: MovementReason, source: str, at: datetime
) -> dict[str, Any]:
    """Return a change of a product's stock as columns."""
    return {
        "id": new_id(at),
        "product_id": product_id,
        "quantity": quantity,
        "reason": reason,
        "source": source,
        "created_at": at,
    }


class ProductRepository(Repository[Product]):
    """Products that have not been archived."""

    model = Product
    not_found = ProductNotFound
    conflicts = {"sku": SkuTaken}

    def query(self) -> Select[Product]:
        """Return the products that are not archived."""
        return select(Product).where(Product.archived_at.is_(None))

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
        column = _SORT_COLUMNS[query.sort.removeprefix("-")]
        return await self.page(
            self._for_sale(query).where(*conditions),
            column,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def count(self, query: ProductQuery) -> int:
        """Return the number of the products that are for sale, up to the limit of a count."""
        rows = self._for_sale(query)
        if query.category is not None:
            rows = rows.where(await self._condition_of(query.category))
        return await self.bounded_count(rows)

    async def _condition_of(self, category: str) -> ColumnElement[bool]:
        return await CategoryFilter(self.session).condition(category)

    async def add(self, row: Product) -> Product:
        """Add a product; its category is made if there is none of this name.

        Raises:
            SkuTaken: another product has the SKU.
        """
        categories = await PrimaryCategoryRepository(self.session).ids_of(
            [row.category], row.created_at
        )
        row.primary_category_id = categories[row.category]
        return await super().add(row)

    def _for_sale(self, query: ProductQuery) -> Select[Product]:
        rows = self.query().where(Product.is_active)
        if query.q is not None:
            rows = self._matching(rows, search_words(query.q))
        if query.sku is not None:
            rows = rows.where(Product.sku == query.sku)
        if query.min_price is not None:
            rows = rows.where(Product.price_minor >= query.min_price)
        if query.max_price is not None:
            rows = rows.where(Product.price_minor <= query.max_price)
        if query.has_stock is not None:
            rows = rows.where(
                (Product.stock_quantity > 0) if query.has_stock else (Product.stock_quantity == 0)
            )
        return rows

    def _matching(self, rows: Select[Product], words: list[str]) -> Select[Product]:
        if not words:
            return rows.where(literal_column("1") == 0)
        if self.session.get_bind().dialect.name == "postgresql":
            asked = func.to_tsquery(
                literal_column("'simple'"), " & ".join(f"{word}:*" for word in words)
            )
            index = func.to_tsvector(literal_column("'simple'"), Product.search_text)
            return rows.where(index.bool_op("@@")(asked))
        return rows.where(
            _SQLITE_SEARCH.bindparams(words=" AND ".join(f'"{word}"*' for word in words))
        )

    async def lock_all(self, ids: Collection[UUID]) -> dict[UUID, Any]:
        """Return name, price and stock of products, locked until the transaction ends."""
        statement = _locked(self.session.get_bind().dialect.name)
        rows = await self.session.execute(statement, {"ids": list(ids)})
        return {row.id: row for row in rows}

    async def lock_stock(self, ids: Collection[UUID]) -> dict[UUID, Any]:
        """Return the stock of products, including archived ones, locked in the order of the ids."""
        rows = await self.session.execute(
            select(Product.id, Product.stock_quantity)
            .where(among(self.session, Product.id, ids))
            .order_by(Product.id)
            .with_for_update()
        )
        return {row.id: row for row in rows}

    async def move_stock(
        self, movements: Sequence[Mapping[str, Any]], at: datetime, locked: Mapping[UUID, Any]
    ) -> None:
        """Apply movements, given as columns, to products that were locked with enough stock."""
        if not movements:
            return
        pieces: dict[UUID, int] = {}
        for each in movements:
            pieces[each["product_id"]] = pieces.get(each["product_id"], 0) + each["quantity"]
        mark_changed(self.session, self._tags_of_moved(pieces, locked))
        rows = [{"id": each, "stock_quantity": moved} for each, moved in pieces.items()]
        connection = await self.session.connection()
        if connection.dialect.name == "postgresql":
            values = values_of((_products, rows), (_movements, movements))
            await connection.execute(_CHANGE_STOCKS, values | {"at": at})
        else:
            await connection.execute(
                _CHANGE_STOCK,
                [{"product_id": each, "pieces": moved, "at": at} for each, moved in pieces.items()],
            )
            await self.add_movements(movements)

    def _tags_of_moved(self, pieces: Mapping[UUID, int], locked: Mapping[UUID, Any]) -> set[str]:
        low_at = self.session.info.get(LOW_STOCK_AT)
        are_listed_anew = any(
            changes_availability(before, before + moved, low_at)
            for each, moved in pieces.items()
            for before in (locked[each].stock_quantity,)
        )
        return product_tags(pieces, are_listed_anew=are_listed_anew)

    async def add_movements(self, movements: Sequence[Mapping[str, object]]) -> None:
        """Record stock movements, given as columns."""
        await insert_rows(self.session, (_movements, movements))

    async def movements_of(
        self, product_id: UUID, query: PageQuery
    ) -> tuple[Sequence[StockMovement], str | None]:
        """Return a page of a product's stock movements, and the cursor of the next page."""
        movements = StockMovementRepository(self.session)
        rows = movements.query().where(StockMovement.product_id == product_id)
        return await movements.page(
            rows,
            StockMovement.created_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def has_any(self) -> bool:
        """Return whether the shop ever had a product."""
        return await self.session.scalar(select(Product.id).limit(1)) is not None

    async def currency_in_use(self) -> str | None:
        """Return the currency of the prices; None without products."""
        currency: str | None = await self.session.scalar(select(Product.currency).limit(1))
        return currency

    async def add_all(self, products: Sequence[Mapping[str, Any]]) -> None:
        """Add many products, given as columns; categories are made that there are not."""
        if products:
            mark_changed(self.session, product_tags(()))
            at = max(each["created_at"] for each in products)
            names = {each["category"] for each in products}
            ids = await PrimaryCategoryRepository(self.session).ids_of(names, at)
            placed = [{**each, "primary_category_id": ids[each["category"]]} for each in products]
            await insert_rows(self.session, (_products, placed))


class StockMovementRepository(Repository[StockMovement]):
    """Stock movements, which are only ever added."""

    model = StockMovement
