"""The form on the page of the bank for tests."""

from enum import StrEnum

from pydantic import Field

from app.schemas.base import Schema


class Decision(StrEnum):
    """The decision of a customer on the page of the bank."""

    APPROVE = "approve"
    DECLINE = "decline"
    APPROVE_SILENTLY = "approve_silently"
    """The bank takes the money, and sends no event: the shop has to ask."""


class BankForm(Schema):
    """The form on the page of the bank."""

    decision: Decision = Field(description="The decision of the customer.", examples=["approve"])
