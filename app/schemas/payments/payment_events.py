"""The events of payments and refunds.

Their subject is the order, so that they are published in order with its own.
"""

from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.payments.payment_schema import PaymentFacts, RefundRead


class PaymentAuthorisedEvent(DomainEvent, frozen=True):
    """The money of a payment was authorised, and can be captured."""

    routing_key = "payment.authorised"
    data: PaymentFacts


class PaymentCapturedEvent(DomainEvent, frozen=True):
    """The money of a payment, or more of it, was captured."""

    routing_key = "payment.captured"
    data: PaymentFacts


class PaymentFailedEvent(DomainEvent, frozen=True):
    """A payment has failed."""

    routing_key = "payment.failed"
    data: PaymentFacts


class PaymentVoidedEvent(DomainEvent, frozen=True):
    """A payment was ended before its money was captured."""

    routing_key = "payment.voided"
    data: PaymentFacts


class PaymentNeedsAttentionEvent(DomainEvent, frozen=True):
    """A person must look at a payment; `attention` says why."""

    routing_key = "payment.needs_attention"
    data: PaymentFacts


class RefundSucceededEvent(DomainEvent, frozen=True):
    """Money was returned to a customer."""

    routing_key = "refund.succeeded"
    data: RefundRead


class RefundFailedEvent(DomainEvent, frozen=True):
    """A refund has failed, perhaps after it had succeeded."""

    routing_key = "refund.failed"
    data: RefundRead
