"""The queries of lists of products."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field

from app.errors import InvalidInput
from app.schemas.base import Schema, unchanged
from app.schemas.catalogue.option_filter import OptionFilter
from app.schemas.fields import PriceQuery, ShopCurrency, Sku, Text
from app.schemas.page_schema import CountedQuery, Cursor
from app.settings import get_settings

RELEVANCE = "relevance"
"""The order by relevance, the best match first."""
MAX_HITS = 1_000
"""The number of products that a list has in the order of relevance."""


class ProductFilter(OptionFilter):
    """The filters of products."""

    q: Text | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Words or beginnings of words in the name, SKU, category or description, "
        "without regard to case and accents; in scripts without spaces, any part of a text.",
        examples=["earl gr"],
    )
    category: Text | None = Field(
        default=None,
        max_length=400,
        description="Only products of this category and of those below it: its name, its id, or "
        "its path, which contains a `/` (`tea/` at the top).",
        examples=["Tea"],
    )
    sku: Sku | None = Field(
        default=None, description="Only the product with this SKU.", examples=["TEA-EARL-100"]
    )
    min_price: PriceQuery | None = Field(
        default=None, description="Only at this price or above.", examples=["1.00"]
    )
    max_price: PriceQuery | None = Field(
        default=None, description="Only at this price or below.", examples=["9.99"]
    )
    in_stock: Literal["true", "false"] | None = Field(
        default=None,
        description="Only products that are in stock, or only those that are not.",
        examples=["true"],
    )

    @property
    def has_stock(self) -> bool | None:
        """Whether to return products in stock, out of stock, or both (None)."""
        return None if self.in_stock is None else self.in_stock == "true"

    @property
    def for_sale(self) -> bool | None:
        """Whether to return products for sale, products that are not, or both (None)."""
        return True


class ProductQuery(ProductFilter, CountedQuery):
    """The filters and the order of products."""

    sort: (
        Literal["created_at", "-created_at", "name", "-name", "price", "-price", "relevance"] | None
    ) = Field(
        default=None,
        description="The order; a leading `-` means descending. `relevance` is for `q`, and then "
        f"the default: words of the name weigh most; it has the first {MAX_HITS:,} products. "
        "Without `q`, the default is `-created_at`.",
        examples=["price"],
    )
    include: Literal["stock"] | None = Field(
        default=None,
        description="With `stock`, each product also has `stock_quantity` and `updated_at`: for "
        "staff, and API keys with `products:read`. Such a list is not cached.",
        examples=["stock"],
    )

    currency: ShopCurrency | None = unchanged(
        description="Prices in this currency of the shop, with `price_source`; without it, those "
        "in the first one.",
    )

    @property
    def includes_stock(self) -> bool:
        """Whether the exact stock of each product is requested."""
        return self.include == "stock"

    @classmethod
    def parse_query(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Validate the parameters of a query string.

        Raises:
            InvalidInput: naming each wrong parameter, with the reason.
        """
        query = super().parse_query(pairs)
        if query.sort == RELEVANCE and query.q is None:
            raise InvalidInput.in_query("sort", "must be another order without `q`")
        if query.currency not in (None, get_settings().shop_currency):
            _require_no_price(query)
        return query

    @property
    def order(self) -> str:
        """The order of the list."""
        if self.sort is not None:
            return self.sort
        return self.default_order if self.q is None else RELEVANCE


class StaffProductQuery(ProductQuery):
    """The filters of the products that staff see, with those that are not for sale."""

    include: Literal["stock"] | None = Field(
        default="stock", description="Always `stock`.", examples=["stock"]
    )
    active: Literal["true", "false"] | None = Field(
        default=None,
        description="Only products for sale, or only those that are not.",
        examples=["true"],
    )

    @property
    def for_sale(self) -> bool | None:
        """Whether to return products for sale, products that are not, or both (None)."""
        return None if self.active is None else self.active == "true"


def _require_no_price(query: ProductQuery) -> None:
    """Require that a list in a further currency is not filtered or sorted by prices.

    Raises:
        InvalidInput: the list is.
    """
    reason = f"is only for prices in {get_settings().shop_currency}"
    if query.sort in ("price", "-price"):
        raise InvalidInput.in_query("sort", f"`{query.sort}` {reason}")
    for name in ("min_price", "max_price"):
        if getattr(query, name) is not None:
            raise InvalidInput.in_query(name, reason)


def position_of(cursor: str) -> int:
    """Return how many products come before a page in the order of relevance.

    Raises:
        InvalidInput: the text is not a cursor of such a list.
    """
    position = Cursor.decode(cursor, RELEVANCE, int).value
    if not isinstance(position, int) or not 0 < position < MAX_HITS:
        raise InvalidInput.in_query("cursor", "is not a cursor of this list")
    return position


class CurrencyQuery(Schema):
    """The currency of the prices of a product or a variant."""

    currency: ShopCurrency | None = unchanged(
        description="Prices in this currency of the shop, with `price_source`; without it, those "
        "in the first one.",
    )

    @classmethod
    def parse_query(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Validate the currency of a query string.

        Other parameters are ignored, as they were before this parameter existed.

        Raises:
            InvalidInput: the currency is not one of the shop, or is given twice.
        """
        return super().parse_query(pair for pair in pairs if pair[0] == "currency")
