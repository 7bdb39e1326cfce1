"""Products and their stock: requests and responses."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field

from app.models import Availability, MovementReason, Product, availability_of
from app.schemas.base import Change, Schema, unchanged
from app.schemas.fields import (
    WHOLE,
    Amount,
    Integer,
    Line,
    Natural,
    Ordinal,
    PriceInput,
    PriceQuery,
    Prose,
    Sku,
    Text,
)
from app.schemas.page_schema import MAX_ITEMS, CountedPage, CountedQuery, Next, PageQuery

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
MAX_QUANTITY = 1_000_000_000
# Cached lists do not have them: each order would drop all lists.
_CHANGED_BY_ORDERS = {"stock_quantity", "updated_at"}

Title = Annotated[Line, Field(max_length=200)]
Category = Annotated[Line, Field(max_length=100)]
Description = Annotated[Prose, Field(max_length=10_000)]
Note = Annotated[Line, Field(max_length=200)]
StockQuantity = Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY), WHOLE]


def _not_0(quantity: int) -> int:
    if quantity == 0:
        raise ValueError("must not be 0")
    return quantity


Movement = Annotated[
    int,
    Field(strict=True, ge=-MAX_QUANTITY, le=MAX_QUANTITY),
    AfterValidator(_not_0),
    WHOLE,
]


class ProductCreate(Schema):
    """A new product."""

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


class ProductChange(Change):
    """A change of a product."""

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


class ProductRead(Schema):
    """A product in a response."""

    id: UUID = Field(description="The product's id (UUIDv7).", examples=[_ID])
    sku: str = Field(max_length=64, description="Stock-keeping unit.", examples=["TEA-EARL-100"])
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
        alias="price", description="The price of one unit.", examples=["4.99"]
    )
    currency: str = Field(
        max_length=3, description="The currency of the price (ISO 4217).", examples=["USD"]
    )
    stock_quantity: Natural = Field(description="Units in stock.", examples=[100])
    is_active: bool = Field(description="Whether the product is for sale.", examples=[True])
    created_at: datetime = Field(
        description="When the product was added (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the product or its stock last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(
        description="Rises by one with every change except stock changes.", examples=[1]
    )


class ProductListed(ProductRead):
    """A product in a list."""

    stock_quantity: Natural = unchanged(
        description="Units in stock, with `include=stock`.", examples=[100]
    )
    updated_at: datetime = unchanged(
        description="When the product or its stock last changed (UTC), with `include=stock`.",
        examples=[_MOMENT],
    )
    availability: Availability = Field(
        description="Whether the product is in stock, and whether the stock is low: at most "
        "`LOW_STOCK_AT` units.",
        examples=["in_stock"],
    )

    @classmethod
    def of(cls, product: Product, low_stock_at: int, *, has_stock: bool) -> Self:
        """Return a product as lists show it, with its stock if that is asked for."""
        names = cls.model_fields.keys() - {"availability"}
        if not has_stock:
            names -= _CHANGED_BY_ORDERS
        return cls(
            availability=availability_of(product.stock_quantity, low_stock_at),
            **{name: getattr(product, name) for name in names},
        )


class ProductPage(CountedPage):
    """A page of products that are for sale."""

    items: list[ProductListed] = Field(
        max_length=MAX_ITEMS, description="The products of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )

    def to_json(self) -> bytes:
        """Return the page as JSON, without what was not asked for."""
        return self.model_dump_json(by_alias=True, exclude_unset=True).encode()


class ProductQuery(CountedQuery):
    """The filters and the order of products."""

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
        description="Only products of this category and of those below it: its name, its id, or its "
        "path, which contains a `/` (`tea/` at the top).",
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
    sort: Literal["created_at", "-created_at", "name", "-name", "price", "-price"] = Field(
        default="-created_at",
        description="The order; a leading `-` means descending.",
        examples=["price"],
    )
    include: Literal["stock"] | None = Field(
        default=None,
        description="With `stock`, each product also has `stock_quantity` and `updated_at`: for "
        "staff, and API keys with `products:read`. Such a list is not cached.",
        examples=["stock"],
    )

    @property
    def includes_stock(self) -> bool:
        """Whether the exact stock of each product is wanted."""
        return self.include == "stock"

    @property
    def order(self) -> str:
        """The order of the list."""
        return self.sort

    @property
    def has_stock(self) -> bool | None:
        """Whether to return products in stock, out of stock, or both (None)."""
        return None if self.in_stock is None else self.in_stock == "true"


class StockMovementCreate(Schema):
    """A change of stock other than by an order."""

    quantity: Movement = Field(
        description="Units that come in (positive) or leave (negative); not 0.",
        examples=[25],
        json_schema_extra={"not": {"const": 0}},
    )
    reason: Literal["supply", "return", "damage", "stocktake"] = Field(
        description="The reason.", examples=["supply"]
    )
    note: Note = unchanged(
        description="The source of the movement, such as a delivery note; by default the caller.",
        examples=["DN-2041"],
    )


class StockMovementRead(Schema):
    """One change of a product's stock."""

    id: UUID = Field(description="The movement's id (UUIDv7).", examples=[_ID])
    product_id: UUID = Field(description="The product.", examples=[_ID])
    quantity: Integer = Field(
        description="Units that came in (positive) or left (negative).", examples=[25]
    )
    reason: MovementReason = Field(description="The reason.", examples=["supply"])
    source: str = Field(
        max_length=200,
        description="The source, such as an order's id or a delivery note.",
        examples=["DN-2041"],
    )
    created_at: datetime = Field(description="When the stock changed (UTC).", examples=[_MOMENT])


class StockMovementPage(Schema):
    """A page of stock movements, the newest first."""

    items: list[StockMovementRead] = Field(
        max_length=MAX_ITEMS, description="The movements of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class StockMovementQuery(PageQuery):
    """The parameters of a page of stock movements."""

    default_order: ClassVar[str] = "-created_at"
