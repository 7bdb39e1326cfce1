"""The forms of the pages of products."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.limits import MAX_OPTIONS
from app.pages.forms import form_of
from app.schemas.base import Schema
from app.schemas.catalogue.image_schema import Alt, ImageChange, Position
from app.schemas.catalogue.option_schema import MissingVariants
from app.schemas.catalogue.product_schema import ProductCreate, ProductFields
from app.schemas.catalogue.variant_schema import OptionName, StockQuantity
from app.schemas.fields import Line, PriceInput, Sku
from app.web.request import ShopRequest

GRID_ROWS = 50
"""The number of variants in one form."""
_MAX_VALUES = 2_000

Values = Annotated[Line, Field(max_length=_MAX_VALUES)]


class OptionForm(Schema):
    """An option with its values, separated by commas."""

    name: OptionName = Field(description="The name.", examples=["Size"])
    values: Values = Field(description="The values.", examples=["S, M, L"])

    @property
    def listed(self) -> list[str]:
        """The values, without duplicates and outer blanks."""
        parts = (each.strip() for each in self.values.split(","))
        return list(dict.fromkeys(each for each in parts if each))


class NewProductForm(ProductFields):
    """A new product with the options from which its variants are made."""

    options: list[OptionForm] = Field(
        default_factory=list,
        max_length=MAX_OPTIONS,
        description="The options.",
        examples=[[{"name": "Size", "values": "S, M"}]],
    )

    @property
    def product(self) -> ProductCreate:
        """The product with its first variant."""
        fields = {name: getattr(self, name) for name in sorted(ProductFields.model_fields)}
        first = {each.name: (each.listed or [each.values])[0] for each in self.options}
        return ProductCreate.model_construct(None, **fields, option_values=first, variants=[])

    @property
    def missing(self) -> MissingVariants:
        """All values of the options."""
        return missing_of(self.options)


class FurtherValuesForm(Schema):
    """Further values of the options of a product."""

    further: list[OptionForm] = Field(
        default_factory=list,
        max_length=MAX_OPTIONS,
        description="The options.",
        examples=[[{"name": "Size", "values": "S, M"}]],
    )


class GridRow(Schema):
    """A variant in the form that was typed."""

    id: UUID = Field(description="The variant.", examples=["0199a1b2-7c00-7d00-8e00-0123456789ab"])
    version: Line = Field(
        max_length=100, description="The version that the page showed.", examples=['"1"']
    )
    sku: Sku = Field(description="The SKU.", examples=["TEA-EARL-100"])
    price_minor: PriceInput = Field(alias="price", description="The price.", examples=["4.99"])
    stock_quantity: StockQuantity = Field(description="Units counted.", examples=[40])
    is_active: bool = Field(
        strict=True, description="Whether the variant is for sale.", examples=[True]
    )


class GridForm(Schema):
    """The variants of a product in the form that was typed."""

    variants: list[GridRow] = Field(
        max_length=GRID_ROWS, description="The variants.", examples=[[]]
    )


class ImageForm(Schema):
    """A change of an image, whose alternative text is in a field named after the image."""

    alt: dict[UUID, Alt] = Field(
        default_factory=dict, max_length=1, description="The words.", examples=[{}]
    )
    position: Position | None = Field(default=None, description="Its place.", examples=[1])


def changed_image(request: ShopRequest, image_id: UUID) -> ImageChange:
    """Return the typed change of an image.

    Raises:
        InvalidInput: the error names each wrong field.
    """
    name = f"alt.{image_id}"
    entered = form_of(request, ImageForm, whole=("position",), blank={name: ""})
    if entered.position is not None:
        return ImageChange(position=entered.position)
    return ImageChange(alt=entered.alt.get(image_id, ""))


def missing_of(options: Sequence[OptionForm]) -> MissingVariants:
    """Return the variants that options need."""
    values = {each.name: each.listed for each in options if each.listed}
    return MissingVariants.model_construct({"option_values"}, option_values=values)
