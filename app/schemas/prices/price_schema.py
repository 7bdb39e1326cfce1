"""The prices of a price list: requests and responses."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from app.schemas.amounts import InCurrency
from app.schemas.base import Schema, omitted
from app.schemas.fields import Amount, DecimalInput, Natural
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery, cursor_like

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_CURSOR = "WyJ2YXJpYW50X2lkIiwwLCIwMTk5YTFiMjdjMDA3ZDAwOGUwMDAxMjM0NTY3ODlhYiJd"
MAX_PRICES = 1_000
"""The maximum number of prices that one request can change."""


class PriceChange(Schema):
    """The price of a variant in a price list."""

    variant_id: UUID = Field(
        description="The variant; the first one of a product has the id of the product.",
        examples=[_ID],
    )
    amount: DecimalInput | None = Field(
        description="The price of one unit in the currency of the list; null removes it.",
        examples=["7.99"],
    )
    compare_at_price: DecimalInput | None = Field(
        default=None,
        description="A higher price to be shown next to it; by default the price without the list.",
        examples=["9.99"],
    )


class PricesChange(Schema):
    """Prices to be set in a price list, or removed from it; others stay."""

    prices: list[PriceChange] = Field(
        min_length=1,
        max_length=MAX_PRICES,
        description="The prices, one for each variant.",
        examples=[[{"variant_id": _ID, "amount": "7.99"}]],
    )


class PricesChanged(Schema):
    """The effect of a change of the prices of a price list."""

    set_count: Natural = Field(description="The number of prices that were set.", examples=[1])
    removed_count: Natural = Field(
        description="The number of prices that were removed.", examples=[0]
    )


class PriceRead(InCurrency):
    """A price in a response."""

    variant_id: UUID = Field(description="The variant.", examples=[_ID])
    product_id: UUID = Field(description="Its product.", examples=[_ID])
    sku: str = Field(
        max_length=64,
        description="The stock-keeping unit of the variant.",
        examples=["TEA-EARL-100"],
    )
    amount_minor: Amount = Field(
        alias="amount",
        description="The price of one unit in the currency of the list.",
        examples=["7.99"],
    )
    compare_at_minor: Amount = omitted(
        alias="compare_at_price",
        description="A higher price to be shown next to it, if there is one.",
        examples=["9.99"],
    )


class PricePage(Schema):
    """A page of the prices of a price list."""

    items: list[PriceRead] = Field(
        max_length=MAX_ITEMS, description="The prices of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class PriceListPricesQuery(PageQuery):
    """The parameters of a page of the prices of a price list, in the order of the variants."""

    cursor: str | None = cursor_like(_CURSOR)

    default_order: ClassVar[str] = "variant_id"
