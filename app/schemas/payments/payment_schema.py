"""Payments and refunds: requests and responses."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.models import Attention, PaymentStatus, RefundStatus
from app.schemas.amounts import WithCurrency
from app.schemas.base import Schema, omitted
from app.schemas.fields import Amount, DecimalInput, Line, Ordinal, Prose
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
MAX_REASON = 200
MAX_NOTE = 2_000
MAX_SHOWN_NOTE = MAX_NOTE + 100
"""The length of a note together with the day on which the money arrived."""

ProviderCode = Literal["manual", "test", "stripe"]


class PaymentCreate(Schema):
    """An attempt to pay an order."""

    provider: ProviderCode = Field(description="The provider.", examples=["test"])
    return_url: Annotated[str, Field(max_length=500, pattern="^https?://[^ ]+$")] | None = Field(
        default=None,
        description="The address to which the customer goes after the page of the provider.",
        examples=["https://shop.example/thanks"],
    )


class PaymentRecord(Schema):
    """Money that arrived without a provider."""

    amount: DecimalInput = Field(description="How much.", examples=["9.98"])
    received_on: date = Field(
        description="The day on which the money arrived.", examples=["2026-01-31"]
    )
    note: Annotated[Prose, Field(max_length=MAX_NOTE)] | None = Field(
        default=None, description="A note of the staff.", examples=["Transfer, statement 12."]
    )


class AmountOfPayment(Schema):
    """A part of a payment."""

    amount: DecimalInput | None = Field(
        default=None, description="The amount; by default all that is left.", examples=["4.99"]
    )


class RefundCreate(AmountOfPayment):
    """A refund to the customer."""

    reason: Annotated[Line, Field(max_length=MAX_REASON)] = Field(
        description="Why.", examples=["Arrived broken."]
    )


class PaymentSeen(Schema):
    """The reason for attention that a person has settled."""

    attention: Literal["late", "duplicate", "refund_failed", "refunded_elsewhere"] = Field(
        description="The reason for attention; other reasons end by themselves.",
        examples=["late"],
    )


class PaymentAction(Schema):
    """The next action of the customer."""

    url: str | None = omitted(
        max_length=2_000,
        description="The page of the provider to which the customer goes.",
        examples=["https://shop.example/test-bank/pay_1"],
    )
    client_secret: str | None = omitted(
        max_length=500,
        description="The secret for the script of the provider in the browser.",
        examples=["pi_1_secret_2"],
    )


class PaymentFacts(WithCurrency):
    """A payment of an order, without personal data."""

    id: UUID = Field(description="The payment's id (UUIDv7).", examples=[_ID])
    order_id: UUID = Field(description="The order.", examples=[_ID])
    provider: str = Field(max_length=20, description="The provider.", examples=["test"])
    reference: str | None = Field(
        max_length=100, description="The id at the provider.", examples=["pay_1"]
    )
    status: PaymentStatus = Field(description="The status.", examples=["captured"])
    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["USD"]
    )
    amount_minor: Amount = Field(
        alias="amount", description="The amount to be paid.", examples=["9.98"]
    )
    captured_minor: Amount = Field(
        alias="captured", description="The captured amount.", examples=["9.98"]
    )
    refunded_minor: Amount = Field(
        alias="refunded", description="The refunded amount.", examples=["0.00"]
    )
    failure: str | None = omitted(
        max_length=200, description="Why it failed.", examples=["card_declined"]
    )
    attention: Attention | None = omitted(
        description="Why a person must look at the payment.", examples=["late"]
    )
    created_at: datetime = Field(
        description="When the payment was begun (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(description="When it last changed (UTC).", examples=[_MOMENT])
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])


class PaymentRead(PaymentFacts):
    """A payment of an order, or an attempt to pay."""

    note: str | None = omitted(
        max_length=MAX_SHOWN_NOTE, description="A note of the staff.", examples=["Transfer."]
    )
    action: PaymentAction | None = omitted(
        description="The next action of the customer; only in the response to the attempt.",
        examples=[None],
    )


class RefundRead(WithCurrency):
    """Money that goes back to a customer."""

    id: UUID = Field(description="The refund's id (UUIDv7).", examples=[_ID])
    payment_id: UUID = Field(description="The payment.", examples=[_ID])
    order_id: UUID = Field(description="The order.", examples=[_ID])
    status: RefundStatus = Field(
        description="`asked` until the provider has answered, `pending` until the refund is made.",
        examples=["succeeded"],
    )
    currency: str = Field(
        max_length=3, description="The currency of the amount (ISO 4217).", examples=["USD"]
    )
    amount_minor: Amount = Field(alias="amount", description="How much.", examples=["4.99"])
    reason: str = Field(max_length=MAX_REASON, description="Why.", examples=["Arrived broken."])
    failure: str | None = omitted(
        max_length=200, description="Why it failed.", examples=["expired_card"]
    )
    actor: str = Field(
        max_length=100, description="Who requested the refund.", examples=["user " + _ID]
    )
    created_at: datetime = Field(
        description="When the refund was requested (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(description="When it last changed (UTC).", examples=[_MOMENT])


class PaymentSums(WithCurrency):
    """The sums over the payments of an order."""

    owed_minor: Amount = Field(
        alias="owed",
        description="The total without cancelled lines; zero for a cancelled order.",
        examples=["9.98"],
    )
    authorised_minor: Amount = Field(
        alias="authorised",
        description="The amount that is authorised and not captured yet.",
        examples=["0.00"],
    )
    captured_minor: Amount = Field(
        alias="captured", description="The captured amount.", examples=["9.98"]
    )
    refunded_minor: Amount = Field(
        alias="refunded", description="The refunded amount.", examples=["0.00"]
    )
    open_minor: Amount = Field(
        alias="open",
        description="The amount that the customer still has to pay; zero unless the order is "
        "`pending`.",
        examples=["0.00"],
    )
    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["USD"]
    )


_SUMS = {
    "owed": "9.98",
    "authorised": "0.00",
    "captured": "9.98",
    "refunded": "0.00",
    "open": "0.00",
    "currency": "USD",
}


class OrderPaymentsRead(Schema):
    """The payments of an order, and its refunds."""

    payments: list[PaymentRead] = Field(
        max_length=10_000, description="The payments, the oldest first.", examples=[[]]
    )
    refunds: list[RefundRead] = Field(
        max_length=10_000, description="The refunds, the oldest first.", examples=[[]]
    )
    sums: PaymentSums = Field(description="The sums over all payments.", examples=[_SUMS])


class PaymentPage(Schema):
    """A page of payments."""

    items: list[PaymentRead] = Field(
        max_length=MAX_ITEMS, description="The payments of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class PaymentQuery(PageQuery):
    """The filters of payments."""

    order_id: UUID | None = Field(
        default=None, description="Only payments of this order.", examples=[_ID]
    )
    needs_attention: Literal["true", "false"] | None = Field(
        default=None,
        description="Only payments that a person must look at, or only others.",
        examples=["true"],
    )


class PaymentProviderList(Schema):
    """The providers of payments that the shop offers."""

    items: list[ProviderCode] = Field(
        max_length=10, description="The providers, the preferred one first.", examples=[["manual"]]
    )
