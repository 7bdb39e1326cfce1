"""The form on the page of the bank for tests."""

from enum import StrEnum

from pydantic import Field

from app.schemas.base import Schema


class Decision(StrEnum):
    """What a customer does on the page of the bank."""

    APPROVE = "approve"
    DECLINE = "decline"
    APPROVE_SILENTLY = "approve_silently"
    """The bank takes the money, and tells the shop nothing: it finds out by itself."""


class BankForm(Schema):
    """The form on the page of the bank."""

    decision: Decision = Field(description="What the customer does.", examples=["approve"])
