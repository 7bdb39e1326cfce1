"""Shipping methods: requests and responses."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.schemas.amounts import WithCurrency
from app.schemas.base import Change, MemberError, Schema, unchanged
from app.schemas.fields import (
    WHOLE,
    Amount,
    Country,
    DecimalInput,
    Line,
    LineOrNothing,
    Natural,
    Ordinal,
    Prose,
    ShopCurrency,
    TaxClass,
)
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery, cursor_like

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_CURSOR = "WyJwb3NpdGlvbiIsMSwiMDE5OWExYjI3YzAwN2QwMDhlMDAwMTIzNDU2Nzg5YWIiXQ"
MAX_PLACES, MAX_RATES = 250, 200
TOO_SHORT = "must be at least min_days"

Name = Annotated[Line, Field(max_length=100)]
Description = Annotated[Prose, Field(max_length=2_000)]
Carrier = Annotated[LineOrNothing, Field(max_length=100)]
Countries = Annotated[list[Country], Field(max_length=MAX_PLACES)]
Regions = Annotated[list[Name], Field(max_length=MAX_PLACES)]
Prefix = Annotated[
    str, StringConstraints(min_length=1, max_length=16, pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]*$")
]
Prefixes = Annotated[list[Prefix], Field(max_length=MAX_PLACES)]
Days = Annotated[int, Field(strict=True, ge=0, le=365), WHOLE]
Weight = Annotated[int, Field(strict=True, ge=0, le=10_000_000), WHOLE]
Position = Annotated[int, Field(strict=True, ge=0, le=10_000), WHOLE]

_NAME = "The name for customers."
_COUNTRIES = "The countries to which the method ships (ISO 3166-1); empty: all."
_REGIONS = "The regions to which the method ships, in the form of addresses; empty: all."
_PREFIXES = "The prefixes of postal codes without delivery; spaces and case are ignored."
_TAX_CLASS = "The tax class of shipping; null: it is taxed like the goods, in proportion to them."
_MIN_DAYS = "The lowest number of days until delivery, or null."
_MAX_DAYS = "The highest number of days until delivery, or null."
_MAX_WEIGHT = "The highest weight of the goods in grams, or null."
_PICKUP = "Whether customers collect the goods."
_BEFORE = "Whether `from_subtotal` is compared with the goods before discounts, and not after them."
_POSITION = "The position among the methods: the lowest one comes first."
_ACTIVE = "Whether customers can choose the method."


class ShippingRateInput(Schema):
    """The price of a shipping method, from a weight and a price of the goods on."""

    currency: ShopCurrency = Field(description="The currency of the amounts.", examples=["USD"])
    from_weight_grams: Weight = Field(
        default=0, description="The lowest weight of the goods in grams.", examples=[0]
    )
    from_subtotal: DecimalInput = unchanged(
        Decimal(), description="The lowest price of the goods.", examples=["50.00"]
    )
    amount: DecimalInput = Field(description="The price; 0 means free.", examples=["0.00"])


Rates = Annotated[list[ShippingRateInput], Field(max_length=MAX_RATES)]
_RATES = (
    "The prices; of those in a currency whose thresholds are reached, the one with the highest "
    "weight counts, then the one with the highest price of the goods."
)
_RATE_EXAMPLE = [
    {"currency": "USD", "amount": "4.90"},
    {"currency": "USD", "from_subtotal": "50.00", "amount": "0.00"},
]


class ShippingMethodCreate(Schema):
    """A new shipping method."""

    name: Name = Field(description=_NAME, examples=["Standard"])
    description: Description = Field(
        default="", description="More about the method.", examples=[""]
    )
    carrier: Carrier = Field(default="", description="The carrier.", examples=["DHL"])
    countries: Countries = Field(
        default_factory=list, description=_COUNTRIES, examples=[["DE", "AT"]]
    )
    regions: Regions = Field(default_factory=list, description=_REGIONS, examples=[[]])
    excluded_postal_prefixes: Prefixes = Field(
        default_factory=list, description=_PREFIXES, examples=[["27498"]]
    )
    tax_class: TaxClass | None = Field(default=None, description=_TAX_CLASS, examples=[None])
    min_days: Days | None = Field(default=None, description=_MIN_DAYS, examples=[2])
    max_days: Days | None = Field(default=None, description=_MAX_DAYS, examples=[4])
    max_weight_grams: Weight | None = Field(
        default=None, description=_MAX_WEIGHT, examples=[31_500]
    )
    is_pickup: bool = Field(default=False, strict=True, description=_PICKUP, examples=[False])
    counts_before_discounts: bool = Field(
        default=False, strict=True, description=_BEFORE, examples=[False]
    )
    position: Position = Field(default=0, description=_POSITION, examples=[1])
    is_active: bool = Field(default=True, strict=True, description=_ACTIVE, examples=[True])
    rates: Rates = Field(default_factory=list, description=_RATES, examples=[_RATE_EXAMPLE])

    @model_validator(mode="after")
    def _lasts_at_least_its_minimum(self) -> Self:
        if is_too_short(self.min_days, self.max_days):
            raise MemberError("max_days", TOO_SHORT)
        return self


def is_too_short(min_days: int | None, max_days: int | None) -> bool:
    """Return whether the highest number of days is below the lowest one."""
    return min_days is not None and max_days is not None and max_days < min_days


class ShippingMethodChange(Change):
    """A change of a shipping method."""

    name: Name = unchanged(description=_NAME, examples=["Express"])
    description: Description = unchanged(description="More about the method.", examples=[""])
    carrier: Carrier = unchanged(description="The carrier.", examples=["UPS"])
    countries: Countries = unchanged(description=_COUNTRIES, examples=[["DE"]])
    regions: Regions = unchanged(description=_REGIONS, examples=[[]])
    excluded_postal_prefixes: Prefixes = unchanged(description=_PREFIXES, examples=[[]])
    tax_class: TaxClass | None = unchanged(description=_TAX_CLASS, examples=[None])
    min_days: Days | None = unchanged(description=_MIN_DAYS, examples=[1])
    max_days: Days | None = unchanged(description=_MAX_DAYS, examples=[2])
    max_weight_grams: Weight | None = unchanged(description=_MAX_WEIGHT, examples=[None])
    is_pickup: bool = unchanged(strict=True, description=_PICKUP, examples=[False])
    counts_before_discounts: bool = unchanged(strict=True, description=_BEFORE, examples=[True])
    position: Position = unchanged(description=_POSITION, examples=[2])
    is_active: bool = unchanged(strict=True, description=_ACTIVE, examples=[True])
    rates: Rates = unchanged(
        description=f"{_RATES} They replace all rates.", examples=[_RATE_EXAMPLE]
    )


class ShippingRateRead(WithCurrency):
    """A rate of a shipping method in a response."""

    currency: str = Field(max_length=3, description="The currency.", examples=["USD"])
    from_weight_grams: Natural = Field(
        description="The lowest weight of the goods in grams.", examples=[0]
    )
    from_subtotal_minor: Amount = Field(
        alias="from_subtotal", description="The lowest price of the goods.", examples=["50.00"]
    )
    amount_minor: Amount = Field(
        alias="amount", description="The price; 0 means free.", examples=["0.00"]
    )


class ShippingMethodRead(Schema):
    """A shipping method in a response."""

    id: UUID = Field(description="The method's id (UUIDv7).", examples=[_ID])
    name: str = Field(max_length=100, description=_NAME, examples=["Standard"])
    description: str = Field(max_length=2_000, description="More about the method.", examples=[""])
    carrier: str = Field(max_length=100, description="The carrier.", examples=["DHL"])
    countries: list[Annotated[str, Field(max_length=2)]] = Field(
        max_length=MAX_PLACES, description=_COUNTRIES, examples=[["DE", "AT"]]
    )
    regions: list[Annotated[str, Field(max_length=100)]] = Field(
        max_length=MAX_PLACES, description=_REGIONS, examples=[[]]
    )
    excluded_postal_prefixes: list[Annotated[str, Field(max_length=16)]] = Field(
        max_length=MAX_PLACES, description=_PREFIXES, examples=[["27498"]]
    )
    tax_class: Annotated[str, Field(max_length=32)] | None = Field(
        description=_TAX_CLASS, examples=[None]
    )
    min_days: Natural | None = Field(description=_MIN_DAYS, examples=[2])
    max_days: Natural | None = Field(description=_MAX_DAYS, examples=[4])
    max_weight_grams: Natural | None = Field(description=_MAX_WEIGHT, examples=[31_500])
    is_pickup: bool = Field(description=_PICKUP, examples=[False])
    counts_before_discounts: bool = Field(description=_BEFORE, examples=[False])
    position: Natural = Field(description=_POSITION, examples=[1])
    is_active: bool = Field(description=_ACTIVE, examples=[True])
    rates: list[ShippingRateRead] = Field(max_length=MAX_RATES, description=_RATES, examples=[[]])
    created_at: datetime = Field(description="When the method was added (UTC).", examples=[_MOMENT])
    updated_at: datetime = Field(
        description="When the method last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])


class ShippingMethodPage(Schema):
    """A page of shipping methods."""

    items: list[ShippingMethodRead] = Field(
        max_length=MAX_ITEMS, description="The shipping methods of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class ShippingMethodQuery(PageQuery):
    """The parameters of a page of shipping methods, in the order of their positions."""

    cursor: str | None = cursor_like(_CURSOR)

    default_order: ClassVar[str] = "position"
