"""Products: requests and responses."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from msgspec.structs import replace
from pydantic import Field, model_validator

from app.core.limits import MAX_OPTIONS
from app.models import Availability, Product, Variant
from app.schemas.amounts import WithCurrency
from app.schemas.base import Schema, omitted, unchanged
from app.schemas.catalogue.image_schema import ProductImage
from app.schemas.catalogue.variant_schema import (
    BASE_PRICE,
    COMPARE_AT,
    MAX_VARIANTS,
    PRICE_SOURCE,
    PRICES,
    OptionRead,
    OptionValues,
    Stocked,
    StockedChange,
    StockQuantity,
    VariantCreate,
    VariantRead,
    offered,
    options_of,
)
from app.schemas.fields import (
    Amount,
    Line,
    Natural,
    Ordinal,
    PriceInput,
    Prose,
    Sku,
    TaxClass,
)
from app.schemas.page_schema import MAX_ITEMS, CountedPage, Next
from app.tables.products.offers import Offer, lowest_offer

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_IMAGE = {"alt": "Tea", "width": 900, "height": 600, "colour": "#c7b299", "renditions": []}

Title = Annotated[Line, Field(max_length=200)]
Category = Annotated[Line, Field(max_length=100)]
Description = Annotated[Prose, Field(max_length=10_000)]


class ProductFields(Schema):
    """The fields of every new product."""

    sku: Sku = Field(
        description="Stock-keeping unit; unique in the shop.", examples=["TEA-EARL-100"]
    )
    name: Title = Field(description="The name.", examples=["Earl Grey, 100 g"])
    description: Description = Field(
        default="",
        description="The description; may have several lines.",
        examples=["Black tea with bergamot."],
    )
    category: Category = Field(
        description="The category in which the product is listed.", examples=["Tea"]
    )
    price_minor: PriceInput = Field(
        alias="price",
        description="The price of one unit in the shop's currency.",
        examples=["4.99"],
    )
    stock_quantity: StockQuantity = Field(
        default=0, description="Units in stock at the start; recorded as a supply.", examples=[100]
    )
    is_active: bool = Field(
        default=True, strict=True, description="Whether the product is for sale.", examples=[True]
    )
    tax_class: TaxClass = Field(
        default="standard", description="The tax class of `TAX_CLASSES`.", examples=["standard"]
    )


class ProductCreate(Stocked, ProductFields):
    """A new product with its first variant, and further variants if it has options.

    The fields from SKU, price and stock on are those of the first variant.
    """

    option_values: OptionValues = Field(
        default_factory=dict,
        description="The value of the first variant for each option of the product; the names, in "
        "this order, are the product's options.",
        examples=[{"Size": "S"}],
    )
    variants: list[VariantCreate] = Field(
        default_factory=list,
        max_length=MAX_VARIANTS - 1,
        description="The further variants.",
        examples=[[]],
    )


class ProductChange(StockedChange):
    """A change of a product.

    The fields of a variant, such as SKU, price and stock, can be changed if the product has one
    variant.
    """

    sku: Sku = unchanged(
        description="Stock-keeping unit; unique in the shop.", examples=["TEA-EARL-125"]
    )
    name: Title = unchanged(description="The name.", examples=["Earl Grey, 125 g"])
    description: Description = unchanged(description="The description.", examples=["Black tea."])
    category: Category = unchanged(
        description="The category in which the product is listed.", examples=["Tea"]
    )
    price_minor: PriceInput = unchanged(
        alias="price",
        description="The price of one unit in the shop's currency.",
        examples=["5.49"],
    )
    stock_quantity: StockQuantity = unchanged(
        description="Units counted in stock; the difference is recorded as a stocktake.",
        examples=[80],
    )
    is_active: bool = unchanged(
        strict=True, description="Whether the product is for sale.", examples=[True]
    )
    tax_class: TaxClass = unchanged(
        description="The tax class of `TAX_CLASSES`.", examples=["standard"]
    )


class _Product(WithCurrency):
    """The fields of a product that lists show."""

    id: UUID = Field(description="The product's id (UUIDv7).", examples=[_ID])
    sku: str = Field(
        max_length=64,
        description="Stock-keeping unit of the first variant.",
        examples=["TEA-EARL-100"],
    )
    name: str = Field(max_length=200, description="The name.", examples=["Earl Grey, 100 g"])
    description: str = Field(
        max_length=10_000,
        description="The description; may be empty.",
        examples=["Black tea with bergamot."],
    )
    category: str = Field(
        max_length=100, description="The category in which the product is listed.", examples=["Tea"]
    )
    price_minor: Amount = Field(
        alias="price",
        description="The price of one unit: the lowest current one of all variants.",
        examples=["4.99"],
    )
    currency: str = Field(
        max_length=3, description="The currency of the price (ISO 4217).", examples=["USD"]
    )
    variants_count: Ordinal = Field(description="The number of variants.", examples=[1])
    image: ProductImage = omitted(
        description="The first image that is ready; absent if there is none.", examples=[_IMAGE]
    )
    is_active: bool = Field(description="Whether the product is for sale.", examples=[True])
    created_at: datetime = Field(
        description="When the product was added (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(
        description="Rises by one with every change except stock changes.", examples=[1]
    )

    compare_at_minor: Amount = COMPARE_AT
    price_source: str = PRICE_SOURCE
    tax_class: str = omitted(
        "standard",
        max_length=32,
        description="The tax class; absent if it is `standard`.",
        examples=["reduced"],
    )


class ProductRead(_Product):
    """A product in a response."""

    stock_quantity: Natural = Field(
        description="Units in stock, of all variants together.", examples=[100]
    )
    updated_at: datetime = Field(
        description="When the product or its stock last changed (UTC).", examples=[_MOMENT]
    )
    barcode: str = omitted(
        max_length=64, description="The barcode, if there is one.", examples=["4006381333931"]
    )
    weight_grams: Natural = omitted(
        description="The weight of one unit in grams, if it is known.", examples=[120]
    )
    tracks_stock: bool = omitted(
        True,
        description="`false` if any number can be ordered; otherwise absent.",
        examples=[False],
    )
    allows_backorder: bool = omitted(
        False,
        description="`true` if more than the stock can be ordered; otherwise absent.",
        examples=[True],
    )
    low_stock_at: Natural = omitted(
        description="The stock at which the product is low, if not `LOW_STOCK_AT`.", examples=[3]
    )
    base_minor: Amount = BASE_PRICE
    options: list[OptionRead] = omitted(
        [],
        max_length=MAX_OPTIONS,
        description="The options, with the values of the variants; absent if there are none.",
        examples=[[]],
    )
    variants: list[VariantRead] = omitted(
        [],
        max_length=MAX_VARIANTS,
        description="The variants in their order; absent without options: the product then has the "
        "fields of its only variant.",
        examples=[[]],
    )

    @model_validator(mode="after")
    def _have_one_currency(self) -> Self:
        self.hand_down(self.variants)
        return self

    @classmethod
    def of(
        cls,
        product: Product,
        variants: Sequence[Variant],
        low_stock_at: int,
        currency: str | None = None,
    ) -> Self:
        """Return a product with its variants, whose prices may have been read in a currency."""
        names, is_told = product.option_names, currency is not None
        offer = lowest_offer(variants)
        its: dict[str, Any]
        if names:
            if offer.source is None:
                # The variants have this value.
                offer = Offer(offer.price_minor)
            its = {
                "options": options_of(variants, names),
                "variants": [
                    VariantRead.of(each, names, low_stock_at, tells_source=is_told)
                    for each in variants
                ],
            }
        else:
            only = variants[0]
            its = {
                name: value
                for name in Stocked.model_fields.keys()
                if (value := getattr(only, name)) is not None
            }
        return cls(
            stock_quantity=units_in(variants),
            updated_at=max(product.updated_at, *(each.updated_at for each in variants)),
            **_shared(product, currency),
            **_without_prices(its) | offered(offer, tells_source=is_told),
        )


class ProductListed(_Product):
    """A product in a list."""

    availability: Availability = Field(
        description="Whether the product is in stock, and whether the stock is low: at most "
        "`LOW_STOCK_AT` units; of several variants, the best one counts.",
        examples=["in_stock"],
    )
    stock_quantity: Natural = unchanged(
        description="Units in stock, with `include=stock`.", examples=[100]
    )
    updated_at: datetime = unchanged(
        description="When the product or its stock last changed (UTC), with `include=stock`.",
        examples=[_MOMENT],
    )

    @classmethod
    def of(
        cls,
        product: Product,
        offer: Offer | None = None,
        currency: str | None = None,
        variants: Sequence[Variant] = (),
    ) -> Self:
        """Return a product in the form of lists; variants are given if its stock is requested."""
        listed = Offer(product.price_minor, product.compare_at_minor, product.price_source)
        prices = listed if offer is None else replace(offer, base_minor=None)
        return cls(
            availability=product.availability,
            **_shared(product, currency),
            **offered(prices, tells_source=currency is not None),
            **_stock_of(product, variants),
        )


def _stock_of(product: Product, variants: Sequence[Variant]) -> dict[str, Any]:
    if not variants:
        return {}
    last = max(product.updated_at, *(each.updated_at for each in variants))
    return {"stock_quantity": units_in(variants), "updated_at": last}


def _without_prices(its: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in its.items() if name not in PRICES}


def _shared(product: Product, currency: str | None) -> dict[str, Any]:
    """Return the fields that lists and documents show of a product."""
    its = {name: getattr(product, name) for name in _SHARED}
    if product.image is not None:
        its["image"] = ProductImage.of_stored(product.image)
    if currency is not None:
        its["currency"] = currency
    return its


_SHARED = tuple(_Product.model_fields.keys() - {"image", *PRICES})


def units_in(variants: Iterable[Variant]) -> int:
    """Return the units in stock; the units that a variant owes do not reduce those of others."""
    return sum(max(0, each.stock_quantity) for each in variants if each.tracks_stock)


class ProductPage(CountedPage):
    """A page of products that are for sale."""

    items: list[ProductListed] = Field(
        max_length=MAX_ITEMS, description="The products of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )

    def to_json(self) -> bytes:
        """Return the page as JSON, without fields that were not requested."""
        return self.model_dump_json(by_alias=True, exclude_unset=True).encode()
