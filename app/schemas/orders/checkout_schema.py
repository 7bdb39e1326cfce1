"""The checkout of a cart: the request."""

from typing import Literal

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.fields import DecimalInput


class CheckoutCreate(Schema):
    """The order of what a cart contains, at the total that the customer has seen."""

    payment: Literal["manual"] = Field(
        description="How it is paid: `manual` is a transfer or the like, which staff records.",
        examples=["manual"],
    )
    expected_total: DecimalInput = Field(
        description="The total that the customer has seen; at another one, nothing is ordered.",
        examples=["9.98"],
    )
    terms_accepted: Literal[True] = Field(
        description="That the customer accepts the terms of the shop.", examples=[True]
    )
