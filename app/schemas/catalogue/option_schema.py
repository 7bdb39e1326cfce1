"""Changes of the options of a product: requests and responses."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.limits import MAX_OPTIONS
from app.schemas.base import Schema, unchanged
from app.schemas.catalogue.variant_schema import (
    MAX_VARIANTS,
    OptionName,
    OptionRead,
    OptionValue,
    VariantRead,
)
from app.schemas.fields import ONLY_THESE_NAMES, PriceInput
from app.tables.identity import comparison_key

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"


class OptionChange(Schema):
    """An option that a product is to have."""

    name: OptionName = Field(description="The name.", examples=["Size"])
    former_name: OptionName | None = unchanged(
        description="The current name of the option, if that is another one.",
        examples=["Package"],
    )
    value: OptionValue | None = unchanged(
        description="The value of the existing variants for a new option.",
        examples=["100 g"],
    )
    renamed_values: Annotated[dict[OptionValue, OptionValue], ONLY_THESE_NAMES] = Field(
        default_factory=dict,
        max_length=MAX_VARIANTS,
        description="New names of values, by their current names.",
        examples=[{"Small": "S"}],
    )


def _different(options: list[OptionChange]) -> list[OptionChange]:
    if len({comparison_key(each.name) for each in options}) < len(options):
        raise ValueError("must have names that differ by more than case")
    return options


class OptionsChange(Schema):
    """All options that a product is to have, in their order."""

    options: Annotated[list[OptionChange], AfterValidator(_different)] = Field(
        max_length=MAX_OPTIONS,
        description="The options; those that are not named are removed.",
        examples=[[{"name": "Size", "value": "M"}]],
    )


class RenamedOption(Schema):
    """An option with another name."""

    before: str = Field(
        max_length=50, alias="from", description="The former name.", examples=["Package"]
    )
    after: str = Field(max_length=50, alias="to", description="The new name.", examples=["Size"])


class OptionsChanged(Schema):
    """The effect of a change of the options, made or only previewed."""

    options: list[OptionRead] = Field(
        max_length=MAX_OPTIONS, description="The options after the change.", examples=[[]]
    )
    made: list[OptionName] = Field(
        max_length=MAX_OPTIONS, description="The new options.", examples=[["Size"]]
    )
    renamed: list[RenamedOption] = Field(
        max_length=MAX_OPTIONS, description="The options with another name.", examples=[[]]
    )
    removed: list[OptionName] = Field(
        max_length=MAX_OPTIONS, description="The options that are removed.", examples=[[]]
    )
    changed_variants: list[UUID] = Field(
        max_length=MAX_VARIANTS,
        description="The variants whose values change.",
        examples=[[_ID]],
    )
    is_preview: bool = Field(description="Whether nothing was changed.", examples=[False])


class OptionsQuery(Schema):
    """The parameters of a change of options."""

    preview: Literal["true", "false"] = Field(
        default="false",
        description="With `true`, nothing is changed: the response says what would change.",
        examples=["true"],
    )


class MissingVariants(Schema):
    """The combinations of option values of which a product is to have variants."""

    option_values: Annotated[
        dict[
            OptionName, Annotated[list[OptionValue], Field(min_length=1, max_length=MAX_VARIANTS)]
        ],
        ONLY_THESE_NAMES,
    ] = Field(
        default_factory=dict,
        max_length=MAX_OPTIONS,
        description="Further values of options, besides those that variants have.",
        examples=[{"Size": ["S", "M", "L"]}],
    )
    price_minor: PriceInput = unchanged(
        alias="price",
        description="The price of one unit; by default that of the product's first variant.",
        examples=["9.99"],
    )


class MadeVariants(Schema):
    """Variants that were added."""

    items: list[VariantRead] = Field(
        max_length=MAX_VARIANTS, description="The new variants.", examples=[[]]
    )
