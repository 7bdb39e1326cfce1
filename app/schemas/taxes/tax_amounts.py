"""The tax of a cart or an order at one rate."""

from pydantic import Field

from app.schemas.amounts import InCurrency
from app.schemas.fields import Amount
from app.schemas.percentages import Percentage


class TaxAtRate(InCurrency):
    """The tax at one rate, of the lines and of shipping."""

    rate_ppm: Percentage = Field(alias="rate", description="The rate in percent.", examples=["19"])
    reason: str = Field(
        max_length=32, description="Why the rate applies.", examples=["standard_rated"]
    )
    net_minor: Amount = Field(
        alias="net", description="The amounts without the tax.", examples=["8.39"]
    )
    tax_minor: Amount = Field(alias="tax", description="The tax.", examples=["1.59"])
