"""Announces changes of payments and refunds to other programs and to customers."""

from typing import Self

from msgspec import Struct

from app.mails.order_mail import MailOccasion, MailRefund, OrderMailKind
from app.models import Attention, Order, Payment, PaymentStatus, Refund
from app.schemas.payments.payment_events import (
    PaymentAuthorisedEvent,
    PaymentCapturedEvent,
    PaymentFailedEvent,
    PaymentNeedsAttentionEvent,
    PaymentVoidedEvent,
    RefundFailedEvent,
    RefundSucceededEvent,
)
from app.schemas.payments.payment_schema import PaymentFacts, RefundRead
from app.services.messaging.outbox_service import OutboxService
from app.services.orders.order_mails import mail_about_money
from app.services.system.mail_service import MailService

_EVENTS = {
    PaymentStatus.AUTHORISED: PaymentAuthorisedEvent,
    PaymentStatus.CAPTURED: PaymentCapturedEvent,
    PaymentStatus.FAILED: PaymentFailedEvent,
    PaymentStatus.VOIDED: PaymentVoidedEvent,
}


class Before(Struct, frozen=True):
    """The values of a payment whose changes are announced."""

    status: PaymentStatus
    captured_minor: int
    attention: Attention | None

    @classmethod
    def of(cls, payment: Payment) -> Self:
        """Return the current values of a payment."""
        return cls(payment.status, payment.captured_minor, payment.attention)


class PaymentNews:
    """Announces each change of a payment or a refund once, in the transaction of the change."""

    def __init__(self, outbox: OutboxService, mails: MailService) -> None:
        self._outbox = outbox
        self._mails = mails

    async def payment_changed(self, payment: Payment, before: Before | None) -> None:
        """Announce a change of a payment, if the change is one to announce."""
        now = Before.of(payment)
        was = None if before is None else (before.status, before.captured_minor)
        if (now.status, now.captured_minor) != was and now.status in _EVENTS:
            event = _EVENTS[now.status]
            await self._outbox.announce(event(payment.order_id, _facts(payment)))
        if before is not None and now.attention not in (None, before.attention):
            await self._announce_attention(payment)

    async def need_person(self, payment: Payment, reason: Attention | None) -> None:
        """Record why a person must look at a payment, unless that is recorded already."""
        if reason is not None and payment.attention is not reason:
            payment.attention = reason
            await self._announce_attention(payment)

    async def refund_made(self, order: Order, refund: Refund) -> None:
        """Announce that money was returned, and write to the customer of a cart or a draft."""
        made = RefundRead.model_validate(refund)
        await self._outbox.announce(RefundSucceededEvent(refund.order_id, made))
        if order.email is not None:
            told = MailRefund(refund.amount_minor, refund.reason)
            mail = mail_about_money(order, MailOccasion(refund=told))
            await self._mails.write_further_about_order(OrderMailKind.REFUNDED, mail, order.user_id)

    async def refund_failed(self, refund: Refund) -> None:
        """Announce that a refund has failed."""
        failed = RefundRead.model_validate(refund)
        await self._outbox.announce(RefundFailedEvent(refund.order_id, failed))

    async def _announce_attention(self, payment: Payment) -> None:
        event = PaymentNeedsAttentionEvent(payment.order_id, _facts(payment))
        await self._outbox.announce(event)


def _facts(payment: Payment) -> PaymentFacts:
    return PaymentFacts.model_validate(payment)
