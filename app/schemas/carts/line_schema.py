"""Lines of carts: requests and responses."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from app.core.limits import MAX_LINE_QUANTITY, MAX_OPTIONS
from app.models import Availability
from app.schemas.amounts import InCurrency
from app.schemas.base import MemberError, Schema, omitted, unchanged
from app.schemas.catalogue.image_schema import ProductImage
from app.schemas.catalogue.variant_schema import COMPARE_AT, SoldRead
from app.schemas.fields import WHOLE, Amount
from app.schemas.percentages import Percentage
from app.schemas.taxes.amount_fields import LINE_DISCOUNT, LINE_TAX, LINE_TAX_RATE

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"

LineQuantity = Annotated[int, Field(strict=True, ge=1, le=MAX_LINE_QUANTITY), WHOLE]


class LineCreate(Schema):
    """Units of a product with one variant, or of a variant."""

    product_id: UUID = unchanged(
        description="The product, if it has one variant; required unless `variant_id` is given.",
        examples=[_ID],
    )
    variant_id: UUID = unchanged(
        description="The variant; required if the product has several.", examples=[_ID]
    )
    quantity: LineQuantity = Field(description="The number of units.", examples=[2])

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if "product_id" not in self.model_fields_set and "variant_id" not in self.model_fields_set:
            raise MemberError("product_id", "is required")
        if {"product_id", "variant_id"} <= self.model_fields_set:
            raise MemberError("variant_id", "must not be given together with product_id")
        return self

    @property
    def sold_id(self) -> UUID:
        """The id of the ordered variant; a product's first variant has the id of the product."""
        return self.variant_id if "variant_id" in self.model_fields_set else self.product_id


class CartLineCreate(LineCreate):
    """Units to be added to a cart."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"product_id": _ID, "quantity": 2}]})


class CartLineChange(Schema):
    """The number of units that a line of a cart is to have."""

    quantity: LineQuantity = Field(description="The number of units.", examples=[3])


class CartLineRead(SoldRead, InCurrency):
    """A line of a cart, with its current amounts; a line without a price has none."""

    sku: str = Field(max_length=64, description="The SKU.", examples=["TEA-EARL-100"])
    name: str = Field(
        max_length=200,
        description="The name of the product, followed by the option values.",
        examples=["Earl Grey, 100 g"],
    )
    option_values: dict[str, Annotated[str, Field(max_length=100)]] = omitted(
        {},
        max_length=MAX_OPTIONS,
        description="The value of each option of the product.",
        examples=[{"Size": "M"}],
    )
    image: ProductImage | None = omitted(
        description="The first image of the product.", examples=[None]
    )
    quantity: int = Field(
        ge=1, le=MAX_LINE_QUANTITY, description="The number of units.", examples=[2]
    )
    availability: Availability = Field(
        description="Whether the variant is in stock, low, or can only be ordered in advance.",
        examples=["in_stock"],
    )
    unit_price_minor: Amount = omitted(
        alias="unit_price", description="The price of one unit.", examples=["4.99"]
    )
    compare_at_minor: Amount = COMPARE_AT
    subtotal_minor: Amount = omitted(
        alias="subtotal", description="The price of all units.", examples=["9.98"]
    )
    discount_minor: Amount = LINE_DISCOUNT
    tax_minor: Amount = LINE_TAX
    tax_rate_ppm: Percentage | None = LINE_TAX_RATE
    total_minor: Amount = omitted(
        alias="total", description="The amount to be paid for the line.", examples=["8.98"]
    )
