"""Variants of products and their options: requests and responses."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from app.core.limits import MAX_OPTIONS
from app.models import Availability, Variant
from app.schemas.amounts import InCurrency
from app.schemas.base import Change, Schema, omitted, unchanged
from app.schemas.fields import (
    ONLY_THESE_NAMES,
    WHOLE,
    Amount,
    Integer,
    Line,
    Natural,
    Ordinal,
    PriceInput,
    Sku,
)
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery
from app.tables.catalogue import availability_of
from app.tables.identity import comparison_key
from app.tables.products.offers import Offer

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_VALUES = {"Size": "M"}
MAX_QUANTITY = 1_000_000_000
MAX_VARIANTS = 250

# These fields are in responses about products and about variants.
COMPARE_AT: Any = omitted(
    alias="compare_at_price",
    description="A higher price to be shown next to the price, if there is one.",
    examples=["12.99"],
)
PRICE_SOURCE: Any = omitted(
    max_length=64,
    description="The code of the price list of the price; for a price of the product or variant "
    "itself it is absent, or `base` if a currency was requested.",
    examples=["summer-sale"],
)
BASE_PRICE: Any = omitted(
    alias="base_price",
    description="The ordinary price, if that of a price list is lower.",
    examples=["9.99"],
)

OptionName = Annotated[Line, Field(max_length=50)]
OptionValue = Annotated[Line, Field(max_length=100)]
Barcode = Annotated[Line, Field(max_length=64)]
StockQuantity = Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY), WHOLE]
Grams = Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY), WHOLE]
Position = Annotated[int, Field(strict=True, ge=1, le=MAX_VARIANTS), WHOLE]


def _different(values: Mapping[str, str]) -> Mapping[str, str]:
    if len({comparison_key(name) for name in values}) < len(values):
        raise ValueError("must have option names that differ by more than case")
    return values


OptionValues = Annotated[
    dict[OptionName, OptionValue],
    Field(max_length=MAX_OPTIONS),
    AfterValidator(_different),
    ONLY_THESE_NAMES,
]
"""A value for each option of a product, by the name of the option."""


class Stocked(Schema):
    """The fields of a new variant besides its price and its option values."""

    barcode: Barcode | None = Field(
        default=None, description="A barcode, such as a GTIN.", examples=["4006381333931"]
    )
    weight_grams: Grams | None = Field(
        default=None, description="The weight of one unit in grams.", examples=[120]
    )
    tracks_stock: bool = Field(
        default=True,
        strict=True,
        description="Whether orders need stock; if not, any number can be ordered.",
        examples=[True],
    )
    allows_backorder: bool = Field(
        default=False,
        strict=True,
        description="Whether more than the stock can be ordered; the stock then falls below 0.",
        examples=[False],
    )
    low_stock_at: StockQuantity | None = Field(
        default=None,
        description="The stock at which the variant is low; null means `LOW_STOCK_AT`.",
        examples=[3],
    )
    compare_at_minor: PriceInput | None = Field(
        default=None,
        alias="compare_at_price",
        description="A former or recommended price, to be shown next to the lower one.",
        examples=["12.99"],
    )


class StockedChange(Change):
    """Changes of the fields of a variant besides its price and its option values."""

    barcode: Barcode | None = unchanged(
        description="A barcode, or null for none.", examples=["4006381333931"]
    )
    weight_grams: Grams | None = unchanged(
        description="The weight of one unit in grams, or null.", examples=[120]
    )
    tracks_stock: bool = unchanged(
        strict=True, description="Whether orders need stock.", examples=[True]
    )
    allows_backorder: bool = unchanged(
        strict=True, description="Whether more than the stock can be ordered.", examples=[False]
    )
    low_stock_at: StockQuantity | None = unchanged(
        description="The stock at which the variant is low, or null for `LOW_STOCK_AT`.",
        examples=[3],
    )
    compare_at_minor: PriceInput | None = unchanged(
        alias="compare_at_price",
        description="A higher price to be shown next to the price, or null for none. It is removed "
        "when the price rises to it.",
        examples=["12.99"],
    )


class SoldRead(Schema):
    """The fields that name sold goods: a product and its variant."""

    product_id: UUID = Field(description="The product.", examples=[_ID])
    variant_id: UUID = omitted(
        description="The variant; absent for the first one, which has the id of the product.",
        examples=[_ID],
    )

    @field_validator("variant_id")
    @classmethod
    def _leave_out_the_first(cls, variant_id: UUID, info: ValidationInfo) -> Any:
        return None if variant_id == info.data.get("product_id") else variant_id

    @property
    def sold_id(self) -> UUID:
        """The id of the variant."""
        its: UUID | None = self.variant_id
        return self.product_id if its is None else its


class VariantCreate(Stocked):
    """A further variant of a product."""

    sku: Sku = Field(
        description="Stock-keeping unit; unique in the shop.", examples=["TEA-EARL-250"]
    )
    option_values: OptionValues = Field(
        description="A value for each option of the product.", examples=[_VALUES]
    )
    price_minor: PriceInput = unchanged(
        alias="price",
        description="The price of one unit; by default that of the product's first variant.",
        examples=["9.99"],
    )
    stock_quantity: StockQuantity = Field(
        default=0, description="Units in stock at the start; recorded as a supply.", examples=[40]
    )
    is_active: bool = Field(
        default=True, strict=True, description="Whether the variant is for sale.", examples=[True]
    )


class VariantChange(StockedChange):
    """A change of a variant."""

    sku: Sku = unchanged(
        description="Stock-keeping unit; unique in the shop.", examples=["TEA-EARL-200"]
    )
    option_values: OptionValues = unchanged(
        description="A value for each option of the product.", examples=[_VALUES]
    )
    price_minor: PriceInput = unchanged(
        alias="price", description="The price of one unit.", examples=["9.49"]
    )
    stock_quantity: StockQuantity = unchanged(
        description="Units counted in stock; the difference is recorded as a stocktake.",
        examples=[38],
    )
    position: Position = unchanged(
        description="The place among the variants of the product, from 1.", examples=[2]
    )
    is_active: bool = unchanged(
        strict=True, description="Whether the variant is for sale.", examples=[True]
    )


class VariantRead(InCurrency):
    """A variant in a response."""

    id: UUID = Field(
        description="The variant's id (UUIDv7); the first one has the id of its product.",
        examples=[_ID],
    )
    product_id: UUID = Field(description="The product.", examples=[_ID])
    position: Ordinal = Field(description="The place among the variants.", examples=[1])
    sku: str = Field(max_length=64, description="Stock-keeping unit.", examples=["TEA-EARL-250"])
    barcode: str | None = Field(
        max_length=64, description="A barcode; null without one.", examples=["4006381333931"]
    )
    option_values: dict[str, Annotated[str, Field(max_length=100)]] = Field(
        max_length=MAX_OPTIONS,
        description="The value of each option of the product.",
        examples=[_VALUES],
    )
    price_minor: Amount = Field(
        alias="price",
        description="The price of one unit: the lowest current one.",
        examples=["9.99"],
    )
    compare_at_minor: Amount = COMPARE_AT
    price_source: str = PRICE_SOURCE
    base_minor: Amount = BASE_PRICE
    stock_quantity: Integer = Field(
        description="Units in stock; below 0, the units that are owed to orders.", examples=[40]
    )
    availability: Availability = Field(
        description="Whether the variant is in stock, low, or can only be ordered in advance.",
        examples=["in_stock"],
    )
    tracks_stock: bool = Field(description="Whether orders need stock.", examples=[True])
    allows_backorder: bool = Field(
        description="Whether more than the stock can be ordered.", examples=[False]
    )
    low_stock_at: Natural | None = Field(
        description="The stock at which the variant is low; null means `LOW_STOCK_AT`.",
        examples=[None],
    )
    weight_grams: Natural | None = Field(
        description="The weight of one unit in grams; null if unknown.", examples=[120]
    )
    is_active: bool = Field(description="Whether the variant is for sale.", examples=[True])
    created_at: datetime = Field(
        description="When the variant was added (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the variant or its stock last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(
        description="Rises by one with every change except stock changes.", examples=[1]
    )

    @classmethod
    def of(
        cls,
        variant: Variant,
        option_names: Sequence[str],
        low_stock_at: int,
        *,
        tells_source: bool = False,
    ) -> Self:
        """Return a variant of a product that has these options."""
        prices = offered(variant.offer, tells_source=tells_source)
        derived = {"availability", "option_values", *PRICES}
        return cls(
            availability=availability_of(variant, low_stock_at),
            option_values=option_values_of(variant, option_names),
            **{name: getattr(variant, name) for name in cls.model_fields.keys() - derived},
            **prices,
        )


PRICES = ("price_minor", "compare_at_minor", "price_source", "base_minor")
"""The fields that an offer has in a response."""


BASE = "base"
"""The source of a price that does not come from a price list."""


def offered(offer: Offer, *, tells_source: bool = False) -> dict[str, Any]:
    """Return an offer as fields of a response, without empty ones."""
    source = offer.source or (BASE if tells_source else None)
    values = (offer.price_minor, offer.compare_at_minor, source, offer.base_minor)
    return {name: value for name, value in zip(PRICES, values, strict=True) if value is not None}


def option_values_of(variant: object, option_names: Sequence[str]) -> dict[str, str]:
    """Return the values of a variant by the names of the options."""
    return {
        name: getattr(variant, f"option{place}") for place, name in enumerate(option_names, start=1)
    }


class OptionRead(Schema):
    """An option of a product, such as its size."""

    name: str = Field(max_length=50, description="The name.", examples=["Size"])
    values: list[Annotated[str, Field(max_length=100)]] = Field(
        max_length=MAX_VARIANTS,
        description="The values of its variants, in their order.",
        examples=[["S", "M"]],
    )


def options_of(variants: Iterable[Variant], option_names: Sequence[str]) -> list[OptionRead]:
    """Return the options of a product with the values that its variants have."""
    all_variants = list(variants)
    return [
        OptionRead(
            name=name,
            values=list(dict.fromkeys(getattr(each, f"option{place}") for each in all_variants)),
        )
        for place, name in enumerate(option_names, start=1)
    ]


class VariantPage(Schema):
    """A page of variants."""

    items: list[VariantRead] = Field(
        max_length=MAX_ITEMS, description="The variants of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class VariantQuery(PageQuery):
    """The filters of variants."""

    stock: Literal["low"] | None = Field(
        default=None,
        description="With `low`, only variants for sale whose stock is low or used up.",
        examples=["low"],
    )
    sku: Sku | None = Field(
        default=None, description="Only the variant with this SKU.", examples=["TEA-EARL-100"]
    )
    product_id: UUID | None = Field(
        default=None, description="Only the variants of this product.", examples=[_ID]
    )

    sort: Literal["created_at", "-created_at", "low_since"] = Field(
        default="-created_at",
        description="The order; `low_since` lists the variants that are low, the longest first.",
        examples=["low_since"],
    )

    @property
    def order(self) -> str:
        """The order of the list."""
        return self.sort
