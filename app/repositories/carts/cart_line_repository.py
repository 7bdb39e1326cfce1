"""Queries over the lines of carts, with the variants and the prices that they need."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, join, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import CartLine, Category, Price, PriceList, Product, ProductCategory, Variant
from app.repositories.bulk import among, among_given, insert_rows, table_of
from app.repositories.catalogue.category_repository import PATH_END
from app.repositories.catalogue.list_prices import CURRENCY, counting, offers_in, price_moment
from app.repositories.catalogue.stock_repository import SOLD
from app.tables.products.offers import Offer, offer_of

_lines = table_of(CartLine)
_variants = table_of(Variant)
_products = table_of(Product)
_prices = table_of(Price)
_lists = table_of(PriceList)
_further = table_of(ProductCategory)
_own = table_of(Category).alias("own")
_above = table_of(Category).alias("above")
_LINES_OF = (
    select(_lines).where(_lines.c.cart_id == bindparam("cart_id")).order_by(_lines.c.position)
)


class VariantInCart(Struct, frozen=True):
    """A variant in the form that a cart needs, with its price in the currency of the cart."""

    row: Any
    """The columns of the variant, and of its product."""
    offer: Offer | None
    """None if the variant has no price in the currency."""

    @property
    def is_for_sale(self) -> bool:
        """Whether the variant and its product are for sale."""
        row = self.row
        is_there = row.archived_at is None and row.product_archived_at is None
        return bool(is_there and row.is_active and row.product_is_active)


class LineInCart(Struct, frozen=True):
    """A line of a cart with its variant."""

    variant: VariantInCart
    position: int
    quantity: int
    seen_minor: int | None
    own_minor: int | None = None
    """The agreed price of one unit, which replaces that of the shop."""

    @property
    def unit_minor(self) -> int | None:
        """The price of one unit, or None."""
        if self.own_minor is not None or self.variant.offer is None:
            return self.own_minor
        return self.variant.offer.price_minor


def _of_variants(columns: Sequence[Any]) -> Select[Any]:
    """Return variants with their products, one row for each price that counts."""
    variants, products = _variants.c, _products.c
    return (
        select(
            *columns,
            variants.id.label("variant_id"),
            *SOLD,
            variants.compare_at_minor,
            variants.is_active,
            variants.archived_at,
            products.name,
            products.image,
            products.tax_class,
            products.option_names,
            products.variants_count,
            products.is_active.label("product_is_active"),
            products.archived_at.label("product_archived_at"),
            _prices.c.amount_minor,
            _prices.c.compare_at_minor.label("beside_minor"),
            _lists.c.code,
            _lists.c.is_default,
        )
        .join(_products, products.id == variants.product_id)
        .outerjoin(join(_prices, _lists, counting()), _prices.c.variant_id == variants.id)
    )


@cache
def _in_carts(dialect: str) -> Select[Any]:
    columns = _lines.c
    return (
        _of_variants([columns.cart_id, columns.position, columns.quantity, columns.seen_minor])
        .join(_lines, columns.variant_id == _variants.c.id)
        .where(among_given(dialect, columns.cart_id, "cart_ids"))
        # The last price of a variant counts.
        .order_by(columns.position, _prices.c.amount_minor.desc(), _lists.c.code.desc())
    )


@cache
def _by_id(dialect: str) -> Select[Any]:
    return (
        _of_variants([])
        .where(among_given(dialect, _variants.c.id, "ids"))
        .order_by(_prices.c.amount_minor.desc(), _lists.c.code.desc())
    )


@cache
def _quantities(dialect: str) -> Select[Any]:
    columns = _lines.c
    return (
        select(columns.cart_id, columns.variant_id, columns.quantity)
        .where(among_given(dialect, columns.cart_id, "cart_ids"))
        .order_by(columns.cart_id, columns.position)
    )


class CartLineRepository:
    """The lines of carts."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_cart(self, cart_id: UUID, currency: str) -> list[LineInCart]:
        """Return the lines of a cart in their order."""
        statement = _in_carts(self._session.get_bind().dialect.name)
        given = {"cart_ids": [cart_id], **price_moment(self._session, currency)}
        rows = (await self._session.execute(statement, given)).all()
        variants = self._priced(rows, currency)
        first = {row.variant_id: row for row in rows}
        return [
            LineInCart(variants[each], row.position, row.quantity, row.seen_minor)
            for each, row in first.items()
        ]

    async def variant(self, variant_id: UUID, currency: str) -> VariantInCart | None:
        """Return a variant with its price in a currency."""
        return (await self.variants([variant_id], currency)).get(variant_id)

    async def variants(self, ids: Iterable[UUID], currency: str) -> dict[UUID, VariantInCart]:
        """Return those of the variants that exist, with their prices in a currency."""
        statement = _by_id(self._session.get_bind().dialect.name)
        given = {"ids": list(ids), **price_moment(self._session, currency)}
        rows = (await self._session.execute(statement, given)).all()
        return self._priced(rows, currency)

    def _priced(self, rows: Sequence[Any], currency: str) -> dict[UUID, VariantInCart]:
        is_first = currency == self._session.info[CURRENCY]
        prices = [_Listed(row) for row in rows if row.code is not None]
        listed = offers_in(prices, is_first=is_first)
        return {
            row.variant_id: VariantInCart(
                row,
                (
                    offer_of(row, listed.get(row.variant_id))
                    if is_first
                    else listed.get(row.variant_id)
                ),
            )
            for row in rows
        }

    async def categories_of(self, product_ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
        """Return the categories of products, and their ancestors."""
        products, further = _products.c, _further.c
        chosen = union_all(
            select(
                products.id.label("product_id"), products.primary_category_id.label("own_id")
            ).where(among(self._session, products.id, product_ids)),
            select(further.product_id, further.category_id).where(
                among(self._session, further.product_id, product_ids)
            ),
        ).subquery()
        rows = await self._session.execute(
            select(chosen.c.product_id, _above.c.id)
            .join(_own, _own.c.id == chosen.c.own_id)
            .join(
                _above,
                (_above.c.path <= _own.c.path) & (_own.c.path < _above.c.path + PATH_END),
            )
        )
        found: dict[UUID, set[UUID]] = {}
        for product_id, category_id in rows:
            found.setdefault(product_id, set()).add(category_id)
        return {each: frozenset(ids) for each, ids in found.items()}

    async def lines_of(self, cart_id: UUID) -> dict[UUID, Any]:
        """Return the quantities, positions and seen prices of a cart by variant, in their order."""
        rows = await self._session.execute(_LINES_OF, {"cart_id": cart_id})
        return {row.variant_id: row for row in rows}

    async def quantities_of(self, cart_ids: Collection[UUID]) -> dict[UUID, dict[UUID, int]]:
        """Return the quantities by variant of each cart that has lines, in their order."""
        query = _quantities(self._session.get_bind().dialect.name)
        found: dict[UUID, dict[UUID, int]] = {}
        for row in await self._session.execute(query, {"cart_ids": list(cart_ids)}):
            found.setdefault(row.cart_id, {})[row.variant_id] = row.quantity
        return found

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add lines, given as columns."""
        await insert_rows(self._session, (_lines, rows))

    async def change(self, cart_id: UUID, variant_id: UUID, values: Mapping[str, Any]) -> None:
        """Change columns of a line."""
        own = (_lines.c.cart_id == cart_id) & (_lines.c.variant_id == variant_id)
        await self._session.execute(update(_lines).where(own).values(**values))

    async def forget_seen(self, cart_id: UUID) -> None:
        """Delete the prices that the customer has seen."""
        own = _lines.c.cart_id == cart_id
        await self._session.execute(update(_lines).where(own).values(seen_minor=None))

    async def remove(self, cart_id: UUID, variant_id: UUID) -> None:
        """Remove a line, if it exists."""
        own = (_lines.c.cart_id == cart_id) & (_lines.c.variant_id == variant_id)
        await self._session.execute(delete(_lines).where(own))

    async def clear(self, cart_id: UUID) -> None:
        """Remove all lines."""
        await self._session.execute(delete(_lines).where(_lines.c.cart_id == cart_id))


class _Listed:
    """A price of a list, in the form that `offers_in` reads."""

    __slots__ = ("variant_id", "amount_minor", "compare_at_minor", "code", "is_default")

    def __init__(self, row: Any) -> None:
        self.variant_id = row.variant_id
        self.amount_minor = row.amount_minor
        self.compare_at_minor = row.beside_minor
        self.code = row.code
        self.is_default = row.is_default
