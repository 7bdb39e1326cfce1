"""Many products at once: the request, and the result of its operation."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, SkipValidation

from app.schemas.base import Schema, omitted, unchanged
from app.schemas.catalogue.category_schema import MAX_DEPTH
from app.schemas.catalogue.product_schema import Category, Description, Title
from app.schemas.catalogue.variant_schema import OptionValues, StockedChange, StockQuantity
from app.schemas.fields import PriceInput, Sku

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
MAX_ROWS = 500


class BulkRow(StockedChange):
    """A variant that is added if its SKU is new, or changed; absent fields stay unchanged.

    A new product needs `name`, `category` and `price`.
    """

    sku: Sku = Field(description="The SKU that identifies the variant.", examples=["TEA-EARL-250"])
    product_sku: Sku = unchanged(
        description="The SKU of the product's first variant, for a further variant; a new product "
        "and its variants may be in one request.",
        examples=["TEA-EARL-100"],
    )
    name: Title = unchanged(description="The name of the product.", examples=["Earl Grey"])
    description: Description = unchanged(
        description="The description of the product.", examples=["Black tea with bergamot."]
    )
    category: Category = unchanged(
        description="The name of the product's category, which is created if it does not exist.",
        examples=["Tea"],
    )
    category_path: Annotated[list[Category], Field(min_length=1, max_length=MAX_DEPTH)] = unchanged(
        description="The names of the category and its ancestors, from the top, instead of "
        "`category`; missing ones are created.",
        examples=[["Drinks", "Tea"]],
    )
    option_values: OptionValues = unchanged(
        description="A value for each option of the product; those of the first variant of a new "
        "product name its options.",
        examples=[{"Package": "250 g"}],
    )
    price_minor: PriceInput = unchanged(
        alias="price",
        description="The price of one unit; for a new further variant, by default that of the "
        "first one.",
        examples=["9.99"],
    )
    stock_quantity: StockQuantity = unchanged(
        description="Units in stock; a difference is recorded as a stocktake.", examples=[40]
    )
    is_active: bool = unchanged(
        strict=True, description="Whether the product is for sale.", examples=[True]
    )
    variant_is_active: bool = unchanged(
        strict=True, description="Whether this variant is for sale.", examples=[True]
    )


class ProductBulk(Schema):
    """Products and variants to be added and changed."""

    # Each row is validated separately: a wrong row does not affect the others.
    rows: Annotated[
        list[SkipValidation[BulkRow]],
        Field(
            min_length=1,
            max_length=MAX_ROWS,
            description="The rows; a refused one does not affect the others.",
            examples=[[{"sku": "TEA-EARL-100", "price": "5.49"}]],
        ),
    ]


class BulkRowResult(Schema):
    """The result of a row."""

    index: Annotated[int, Field(ge=0, lt=MAX_ROWS)] = Field(
        description="The place of the row, from 0.", examples=[0]
    )
    status: Literal["created", "changed", "unchanged", "refused"] = Field(
        description="The result of the row.", examples=["changed"]
    )
    id: UUID = omitted(description="The variant, unless the row is refused.", examples=[_ID])
    product_id: UUID = omitted(description="Its product.", examples=[_ID])
    problem: dict[str, Any] = omitted(
        description="Why the row is refused: a problem document.", examples=[None]
    )


class BulkResult(Schema):
    """The results of the rows of a request, in their order."""

    rows: list[BulkRowResult] = Field(
        max_length=MAX_ROWS, description="A result for each row.", examples=[[]]
    )
