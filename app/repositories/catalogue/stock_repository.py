"""Queries over the stock of variants and their stock movements."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.cache.areas.catalogue import product_tags
from app.core.ids import new_id
from app.database.sessions import mark_changed
from app.errors import SkuTaken, VariantExists, VariantNotFound
from app.models import (
    AppliedSetting,
    Availability,
    MovementReason,
    Product,
    StockMovement,
    Variant,
)
from app.repositories.base import Repository, lock_rows
from app.repositories.bulk import (
    among,
    among_given,
    arrays,
    insert_of,
    insert_rows,
    table_of,
    values_of,
)
from app.repositories.catalogue.list_prices import lowest_price, price_moment
from app.schemas.page_schema import PageQuery
from app.tables.catalogue import LOW_STOCK_AT, availability_of

_products = table_of(Product)
_variants = table_of(Variant)
_movements = table_of(StockMovement)

MovementPage = tuple[Sequence[StockMovement], str | None]

SOLD = tuple(
    _variants.c[name]
    for name in (
        "product_id",
        "sku",
        "option1",
        "option2",
        "option3",
        "price_minor",
        "stock_quantity",
        "tracks_stock",
        "allows_backorder",
        "low_stock_at",
        "weight_grams",
    )
)
"""The columns of a variant that carts and orders need, except for whether it is for sale."""

MOVEMENT = ("id", "variant_id", "quantity", "reason", "source", "created_at")
"""The columns of a stock movement."""


@cache
def _locked(dialect: str) -> Select[Any]:
    # The order of the ids prevents deadlocks between buyers of the same variants.
    variants, products = _variants.c, _products.c
    return (
        select(
            variants.id,
            *SOLD,
            lowest_price().label("listed_minor"),
            (variants.is_active & products.is_active).label("is_active"),
            variants.archived_at,
            products.archived_at.label("product_archived_at"),
            products.name,
            products.tax_class,
            products.option_names,
            products.variants_count,
        )
        .join(_products, products.id == variants.product_id)
        # It has no condition on products: before a new shop has statistics, PostgreSQL would expect
        # one product that is not archived, and would read all variants for each product.
        .where(among_given(dialect, variants.id, "ids"))
        .order_by(variants.id)
        .with_for_update(of=_variants)
    )


def _low_at() -> Any:
    """Return the stock at which a variant is low."""
    return func.coalesce(_variants.c.low_stock_at, bindparam("low_at"))


def _low_since(after: Any) -> Any:
    """Return since when the stock is low, after a change of the stock."""
    columns = _variants.c
    is_low = and_(columns.tracks_stock, after <= _low_at())
    return case((is_low, func.coalesce(columns.low_since, bindparam("at"))), else_=None)


# The WHERE clause has no `stock_quantity >= pieces`: it would turn a shortage that the lock should
# have prevented into an update of no row, which nobody would notice. The CHECK constraint raises an
# error.
_CHANGE_STOCK = (
    update(_variants)
    .where(_variants.c.id == bindparam("variant_id"))
    .values(
        stock_quantity=_variants.c.stock_quantity + bindparam("pieces"),
        low_since=_low_since(_variants.c.stock_quantity + bindparam("pieces")),
        updated_at=bindparam("at"),
    )
)
_moved = arrays(
    _variants, {"id": _variants.c.id.type, "stock_quantity": _variants.c.stock_quantity.type}
)
_CHANGE_STOCKS = (
    update(_variants)
    .where(_variants.c.id == _moved.c.id)
    .values(
        stock_quantity=_variants.c.stock_quantity + _moved.c.stock_quantity,
        low_since=_low_since(_variants.c.stock_quantity + _moved.c.stock_quantity),
        updated_at=bindparam("at"),
    )
    .add_cte(insert_of(_movements, MOVEMENT).cte())
)


def _word_of_product() -> Any:
    """Return the best availability of the variants of a product that can be ordered."""
    columns = _variants.c
    rank = case(
        (or_(~columns.tracks_stock, columns.stock_quantity > _low_at()), 3),
        (columns.stock_quantity > 0, 2),
        (columns.allows_backorder, 1),
        else_=0,
    )
    best = (
        select(func.max(rank))
        .where(
            columns.product_id == _products.c.id, columns.archived_at.is_(None), columns.is_active
        )
        .correlate(_products)
        .scalar_subquery()
    )
    words = dict(enumerate(Availability))
    return case(words, value=best, else_=Availability.OUT_OF_STOCK)


def movement_row(
    variant_id: UUID, quantity: int, reason: MovementReason, source: str, at: datetime
) -> dict[str, Any]:
    """Return a change of a variant's stock as columns."""
    return {
        "id": new_id(at),
        "variant_id": variant_id,
        "quantity": quantity,
        "reason": reason,
        "source": source,
        "created_at": at,
    }


class StockRepository(Repository[Variant]):
    """The stock of variants: its locks, its changes, and the records of its movements."""

    model = Variant
    not_found = VariantNotFound
    conflicts = {"sku": SkuTaken, "product_id": VariantExists}

    @property
    def low_stock_at(self) -> int:
        """The stock at which a variant without its own threshold is low."""
        return int(self.session.info[LOW_STOCK_AT])

    async def lock_all(self, ids: Collection[UUID]) -> dict[UUID, Any]:
        """Return variants with the names of their products, locked until the transaction ends.

        `listed_minor` is the lowest current price of a variant in price lists, if there is one.
        Archived variants of products that are not archived are included.
        """
        statement = _locked(self.session.get_bind().dialect.name)
        given = {"ids": list(ids), **price_moment(self.session)}
        rows = await self.session.execute(statement, given)
        return {row.id: row for row in rows if row.product_archived_at is None}

    async def lock_stock(self, ids: Collection[UUID]) -> dict[UUID, Any]:
        """Return the stock of variants, including archived ones, locked in the order of the ids."""
        columns = _variants.c
        rows = await self.session.execute(
            select(
                columns.id,
                columns.product_id,
                columns.sku,
                columns.stock_quantity,
                columns.tracks_stock,
                columns.allows_backorder,
                columns.low_stock_at,
            )
            .where(among(self.session, columns.id, ids))
            .order_by(columns.id)
            .with_for_update()
        )
        return {row.id: row for row in rows}

    async def move_stock(
        self, movements: Sequence[Mapping[str, Any]], at: datetime, locked: Mapping[UUID, Any]
    ) -> None:
        """Apply movements, given as columns, to variants that were locked with enough stock."""
        if not movements:
            return
        pieces: dict[UUID, int] = {}
        for each in movements:
            pieces[each["variant_id"]] = pieces.get(each["variant_id"], 0) + each["quantity"]
        rows = [{"id": each, "stock_quantity": moved} for each, moved in pieces.items()]
        shared = {"at": at, "low_at": self.low_stock_at}
        connection = await self.session.connection()
        if connection.dialect.name == "postgresql":
            values = values_of((_variants, rows), (_movements, movements))
            await connection.execute(_CHANGE_STOCKS, values | shared)
        else:
            await connection.execute(
                _CHANGE_STOCK,
                [{"variant_id": each, "pieces": moved, **shared} for each, moved in pieces.items()],
            )
            await self.add_movements(movements)
        await self._note_words(pieces, locked)

    async def _note_words(self, pieces: Mapping[UUID, int], locked: Mapping[UUID, Any]) -> None:
        """Change the availability that lists show of products, where it has changed."""
        low_at = self.low_stock_at
        changed = {
            row.product_id
            for each, moved in pieces.items()
            for row in (locked[each],)
            if availability_of(row, low_at) is not availability_of(row, low_at, moved)
        }
        product_ids = {locked[each].product_id for each in pieces}
        mark_changed(self.session, product_tags(product_ids, are_listed_anew=bool(changed)))
        if changed:
            await self.derive_words(changed)

    async def derive_words(self, product_ids: Collection[UUID]) -> None:
        """Derive the availability that lists show of products from their variants."""
        columns = _products.c
        chosen = among(self.session, columns.id, product_ids)
        # The lock comes first: the next statement then sees what others have changed meanwhile.
        await lock_rows(self.session, columns.id, chosen, keeps_key=True)
        await self.session.execute(
            update(_products).where(chosen).values(availability=_word_of_product()),
            {"low_at": self.low_stock_at},
        )

    async def derive_all(self, after: UUID | None, at: datetime, limit: int) -> UUID | None:
        """Derive low stock and availability of the next products after the id `after`.

        Return the id of the last one, or None if there is none.
        """
        columns = _products.c
        query = select(columns.id).order_by(columns.id).limit(limit)
        ids = list(
            await self.session.scalars(query if after is None else query.where(columns.id > after))
        )
        if not ids:
            return None
        chosen = among(self.session, _variants.c.product_id, ids)
        await lock_rows(self.session, _variants.c.id, chosen)
        await self.session.execute(
            update(_variants)
            .where(chosen)
            .values(low_since=_low_since(_variants.c.stock_quantity)),
            {"at": at, "low_at": self.low_stock_at},
        )
        mark_changed(self.session, product_tags(()))
        await self.derive_words(ids)
        last: UUID = ids[-1]
        return last

    async def applied_low_stock_at(self) -> int | None:
        """Return the setting with which the stored rows were derived, or None."""
        value = select(AppliedSetting.value).where(AppliedSetting.name == LOW_STOCK_AT)
        applied: int | None = await self.session.scalar(value)
        return applied

    async def note_low_stock_at(self) -> None:
        """Record the setting with which all rows are derived now."""
        await self.session.merge(AppliedSetting(name=LOW_STOCK_AT, value=self.low_stock_at))

    async def add_movements(self, movements: Sequence[Mapping[str, object]]) -> None:
        """Record stock movements, given as columns."""
        await insert_rows(self.session, (_movements, movements))

    async def movements_of_variant(self, variant_id: UUID, query: PageQuery) -> MovementPage:
        """Return a page of the movements of a variant, and the cursor of the next page."""
        return await self._movements(StockMovement.variant_id == variant_id, query)

    async def movements_of_product(self, product_id: UUID, query: PageQuery) -> MovementPage:
        """Return a page of the movements of all variants of a product, and the next cursor."""
        own = select(Variant.id).where(Variant.product_id == product_id)
        return await self._movements(StockMovement.variant_id.in_(own), query)

    async def _movements(self, condition: ColumnElement[bool], query: PageQuery) -> MovementPage:
        movements = _StockMovementRepository(self.session)
        return await movements.page(
            movements.query().where(condition),
            cast(InstrumentedAttribute[Any], StockMovement.created_at),
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )


class _StockMovementRepository(Repository[StockMovement]):
    model = StockMovement
