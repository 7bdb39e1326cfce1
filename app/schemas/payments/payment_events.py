"""The events of payments and refunds.

Their subject is the order, so that they are published in order with its own.
"""

from dataclasses import dataclass

from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.payments.payment_schema import PaymentFacts, RefundRead


@dataclass(frozen=True, slots=True)
class PaymentAuthorisedEvent(DomainEvent):
    """The money of a payment was authorised, and can be captured."""

    routing_key = "payment.authorised"
    data: PaymentFacts


@dataclass(frozen=True, slots=True)
class PaymentCapturedEvent(DomainEvent):
    """The money of a payment, or more of it, was captured."""

    routing_key = "payment.captured"
    data: PaymentFacts


@dataclass(frozen=True, slots=True)
class PaymentFailedEvent(DomainEvent):
    """A payment has failed."""

    routing_key = "payment.failed"
    data: PaymentFacts


@dataclass(frozen=True, slots=True)
class PaymentVoidedEvent(DomainEvent):
    """A payment was ended before its money was captured."""

    routing_key = "payment.voided"
    data: PaymentFacts


@dataclass(frozen=True, slots=True)
class PaymentNeedsAttentionEvent(DomainEvent):
    """A person must look at a payment; `attention` says why."""

    routing_key = "payment.needs_attention"
    data: PaymentFacts


@dataclass(frozen=True, slots=True)
class RefundSucceededEvent(DomainEvent):
    """Money was returned to a customer."""

    routing_key = "refund.succeeded"
    data: RefundRead


@dataclass(frozen=True, slots=True)
class RefundFailedEvent(DomainEvent):
    """A refund has failed, perhaps after it had succeeded."""

    routing_key = "refund.failed"
    data: RefundRead
