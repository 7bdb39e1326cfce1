"""Facets of products: the filters that can narrow a list, with the numbers of products."""

from pydantic import Field

from app.schemas.base import Schema, omitted
from app.schemas.catalogue.product_query import ProductFilter
from app.schemas.fields import Natural

MAX_FACETS = 100
MAX_FACET_VALUES = 100
_AMOUNT = r"^[0-9]+(\.[0-9]+)?$"


class FacetQuery(ProductFilter):
    """The filters of the products to count."""


class FacetValue(Schema):
    """A value of a facet, and the number of products that have it."""

    value: str = Field(
        max_length=220,
        description="The filter for these products: a value of the parameter `option.<name>` or "
        "`category`, a word of `availability`, or a range of prices.",
        examples=["M"],
    )
    name: str = Field(max_length=100, description="The value for people.", examples=["M"])
    count: Natural = Field(
        description="The number of the products for sale that match all filters except that of "
        "this facet, and have the value.",
        examples=[12],
    )
    min_price: str = omitted(
        pattern=_AMOUNT,
        max_length=20,
        description="The lowest price of the range, for `min_price`.",
        examples=["2.00"],
    )
    max_price: str = omitted(
        pattern=_AMOUNT,
        max_length=20,
        description="The highest price of the range, for `max_price`.",
        examples=["4.99"],
    )


class FacetRead(Schema):
    """A facet with its values, the most frequent ones first; ranges of prices rise."""

    facet: str = Field(
        max_length=57,
        description="`category`, `price`, `availability`, or the parameter of an option.",
        examples=["option.Size"],
    )
    name: str = Field(max_length=50, description="The facet for people.", examples=["Size"])
    values: list[FacetValue] = Field(
        max_length=MAX_FACET_VALUES, description="The values that products have.", examples=[[]]
    )


class FacetList(Schema):
    """The facets of the products that match filters."""

    items: list[FacetRead] = Field(
        max_length=MAX_FACETS,
        description="The category, the price, the availability, and then the options, those of "
        "most products first.",
        examples=[[]],
    )
