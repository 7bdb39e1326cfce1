"""The checkout of a cart: the request."""

from typing import Literal

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.fields import DecimalInput
from app.schemas.payments.payment_schema import ProviderCode


class CheckoutCreate(Schema):
    """The order of the goods in a cart, at the total that the customer has seen."""

    payment: ProviderCode = Field(
        description="The way to pay: `manual` is a transfer or similar, which staff records; for "
        "others, a payment of the order is begun afterwards.",
        examples=["manual"],
    )
    expected_total: DecimalInput = Field(
        description="The total that the customer has seen; at another one, nothing is ordered.",
        examples=["9.98"],
    )
    terms_accepted: Literal[True] = Field(
        description="Whether the customer accepts the terms of the shop.", examples=[True]
    )
