"""Units of lines that are cancelled: requests and responses."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.core.limits import MAX_LINE_QUANTITY, MAX_LINES
from app.schemas.amounts import InCurrency
from app.schemas.base import Schema
from app.schemas.fields import WHOLE, Amount, Ordinal

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"

# Lines of the same variant are added up.
OrderedUnits = Annotated[int, Field(strict=True, ge=1, le=MAX_LINES * MAX_LINE_QUANTITY), WHOLE]
Units = Annotated[int, Field(ge=1, le=MAX_LINES * MAX_LINE_QUANTITY)]


class OrderLineCancel(Schema):
    """Units of a line to be cancelled."""

    quantity: OrderedUnits | None = Field(
        default=None,
        description="The number of units to cancel; by default all that are left.",
        examples=[1],
    )


class CancelledUnits(Schema):
    """Units of a line that were cancelled without the rest of the order."""

    position: Ordinal = Field(description="The line, from 1.", examples=[1])
    quantity: Units = Field(description="The number of units.", examples=[1])
    amount_minor: Amount = Field(
        alias="amount",
        description="The amount to be paid for the units, with its tax.",
        examples=["4.49"],
    )


class OrderCancellationRead(CancelledUnits, InCurrency):
    """Units of a line that were cancelled without the rest of the order."""

    actor: str = Field(
        max_length=100, description="Who cancelled the units.", examples=["user " + _ID]
    )
    cancelled_at: datetime = Field(
        description="When the units were cancelled (UTC).", examples=[_MOMENT]
    )
