"""Messages about products: incoming commands and outgoing events."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.catalogue.product_schema import ProductChange
from app.schemas.catalogue.variant_schema import SoldRead
from app.schemas.fields import WHOLE, Integer, Natural

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"


class ProductUpdateCommand(Schema):
    """A change of a product."""

    product_id: UUID = Field(description="The product.", examples=[_ID])
    product_data: ProductChange = Field(
        description="The fields that change.", examples=[{"price": "5.49"}]
    )
    version: Annotated[int, Field(strict=True, ge=1, le=2**63 - 1), WHOLE] | None = Field(
        default=None,
        description="The sender's number of this change of the product; a number that is not "
        "higher than the last applied one changes nothing.",
        examples=[7],
    )


class ProductOutOfStock(SoldRead):
    """A variant of a product whose last unit left the stock."""

    sku: str = Field(max_length=64, description="Stock-keeping unit.", examples=["TEA-EARL-100"])


class VariantLowStock(ProductOutOfStock):
    """A variant whose stock has become low."""

    stock_quantity: Integer = Field(description="The units that are left.", examples=[5])
    low_stock_at: Natural = Field(
        description="The stock at which the variant is low.", examples=[5]
    )
