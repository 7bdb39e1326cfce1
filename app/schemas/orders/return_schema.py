"""Returns of orders: requests and responses."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.core.limits import MAX_LINE_QUANTITY, MAX_LINES
from app.core.order_statuses import Condition, ReturnReason, ReturnStatus
from app.schemas.amounts import InCurrency, WithCurrency
from app.schemas.base import MemberError, Schema, omitted
from app.schemas.fields import WHOLE, Amount, Line, Ordinal, Prose
from app.schemas.orders.cancellation_schema import Units
from app.schemas.orders.order_schema import BoughtRead
from app.schemas.orders.shipment_schema import LineUnits, added_up
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery, cursor_like

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_CURSOR = "WyJzZXEiLDEsIjAxOTlhMWIyN2MwMDdkMDA4ZTAwMDEyMzQ1Njc4OWFiIl0"
_MAX_UNITS = MAX_LINES * MAX_LINE_QUANTITY
MAX_NOTE = 2_000

Note = Annotated[Prose, Field(max_length=MAX_NOTE)]
UnitsBack = Annotated[int, Field(strict=True, ge=0, le=_MAX_UNITS), WHOLE]

_REASON = "The reason of the return."
_CUSTOMER_NOTE = "The note of the customer."
_ANSWER = "The note of the shop about its decision, which the customer reads."
_REFUND = "The amount that was paid for the units, with its tax; staff decides what is refunded."
_REFUND_TAX = "The tax in the amount."
_LINES = [{"variant_id": _ID, "quantity": 1}]


class ReturnCreate(Schema):
    """A request to return units of an order."""

    lines: list[LineUnits] = Field(
        min_length=1,
        max_length=MAX_LINES,
        description="The units; those of the same variant are added up.",
        examples=[_LINES],
    )
    reason: ReturnReason = Field(description=_REASON, examples=["damaged"])
    customer_note: Note = Field(
        default="", description=_CUSTOMER_NOTE, examples=["The lid is broken."]
    )

    def pieces(self) -> dict[UUID, int]:
        """Return the number of units of each variant."""
        return added_up(self.lines)


class UnitsRefund(Schema):
    """A refund of the amount that was paid for units of an order."""

    lines: list[LineUnits] = Field(
        min_length=1,
        max_length=MAX_LINES,
        description="The units; those of the same variant are added up.",
        examples=[_LINES],
    )
    reason: Annotated[Line, Field(max_length=200)] = Field(
        description="Why.", examples=["Arrived broken."]
    )

    def pieces(self) -> dict[UUID, int]:
        """Return the number of units of each variant."""
        return added_up(self.lines)


class ReturnDecision(Schema):
    """The decision about a return."""

    answer: Note = Field(default="", description=_ANSWER, examples=["Please send it to us."])


class LineReceived(Schema):
    """Units of a line that have arrived."""

    variant_id: UUID = Field(description="The variant of the line.", examples=[_ID])
    quantity: UnitsBack = Field(description="The number of units that arrived.", examples=[1])
    restocked_quantity: UnitsBack | None = Field(
        default=None,
        description="How many of these units return to stock; by default all if they are `good`, "
        "and otherwise none.",
        examples=[1],
    )
    condition: Condition = Field(
        default=Condition.GOOD, description="The condition of the units.", examples=["good"]
    )

    @model_validator(mode="after")
    def _restock_what_has_arrived(self) -> Self:
        if self.restocked > self.quantity:
            raise MemberError("restocked_quantity", "must be at most quantity")
        return self

    @property
    def restocked(self) -> int:
        """How many of these units return to stock."""
        if self.restocked_quantity is not None:
            return self.restocked_quantity
        return self.quantity if self.condition is Condition.GOOD else 0


_RECEIVED: list[Any] = [{"variant_id": _ID, "quantity": 1, "condition": "good"}]


class ReturnReceipt(Schema):
    """The units of a return that have arrived."""

    lines: list[LineReceived] | None = Field(
        default=None,
        max_length=MAX_LINES,
        description="The units that have arrived, once for each line; by default all units of the "
        "return, in good condition. Nothing has arrived of a line that is left out.",
        examples=[_RECEIVED],
    )


class ReturnLineRead(BoughtRead, InCurrency):
    """Units of a line of an order in a return."""

    position: Ordinal = Field(description="The line of the order, from 1.", examples=[1])
    quantity: Units = Field(description="The number of units.", examples=[1])
    received_quantity: int = omitted(
        0, ge=0, le=_MAX_UNITS, description="How many of these units have arrived.", examples=[1]
    )
    restocked_quantity: int = omitted(
        0,
        ge=0,
        le=_MAX_UNITS,
        description="How many of these units are in stock again.",
        examples=[1],
    )
    condition: Condition | None = omitted(
        description="The condition of the units.", examples=["good"]
    )
    refund_minor: Amount = Field(alias="refund_proposed", description=_REFUND, examples=["4.49"])
    refund_tax_minor: Amount = omitted(
        0, alias="refund_tax", description=_REFUND_TAX, examples=["0.72"]
    )


class ReturnRead(WithCurrency):
    """A return in a response."""

    id: UUID = Field(description="The return's id (UUIDv7).", examples=[_ID])
    order_id: UUID = Field(description="The order.", examples=[_ID])
    number: str = Field(
        max_length=40,
        description="The number for people: that of the order, and the position among its returns.",
        examples=["1024-R1"],
    )
    status: ReturnStatus = Field(description="The status of the return.", examples=["requested"])
    reason: ReturnReason = Field(description=_REASON, examples=["damaged"])
    customer_note: str = omitted(
        "", max_length=MAX_NOTE, description=_CUSTOMER_NOTE, examples=["The lid is broken."]
    )
    answer: str = omitted(
        "", max_length=MAX_NOTE, description=_ANSWER, examples=["Please send it to us."]
    )
    lines: list[ReturnLineRead] = Field(
        max_length=MAX_LINES, description="The units of the return.", examples=[[]]
    )
    refund_minor: Amount = Field(
        alias="refund_proposed",
        description="The amount that was paid for the units that have arrived, or before that, for "
        "the requested ones; zero if the return was rejected or cancelled. Shipping is not "
        "included, and staff decides what is refunded.",
        examples=["4.49"],
    )
    refund_tax_minor: Amount = omitted(
        0, alias="refund_tax", description=_REFUND_TAX, examples=["0.72"]
    )
    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["USD"]
    )
    created_at: datetime = Field(
        description="When the return was requested (UTC).", examples=[_MOMENT]
    )
    decided_at: datetime | None = omitted(
        description="When the return was approved or rejected (UTC).", examples=[_MOMENT]
    )
    received_at: datetime | None = omitted(
        description="When the goods arrived (UTC).", examples=[_MOMENT]
    )
    closed_at: datetime | None = omitted(
        description="When the return was closed or cancelled (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the return last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])

    @model_validator(mode="after")
    def _have_one_currency(self) -> Self:
        self.hand_down(self.lines)
        return self


class ReturnPage(Schema):
    """A page of the returns of an order."""

    items: list[ReturnRead] = Field(
        max_length=MAX_ITEMS, description="The returns of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class ReturnQuery(PageQuery):
    """The parameters of a page of the returns of an order, the first one first."""

    cursor: str | None = cursor_like(_CURSOR)

    default_order: ClassVar[str] = "seq"
