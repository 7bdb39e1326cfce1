"""The attention that payments need from a person, and when it ends."""

from collections.abc import Sequence
from uuid import UUID

from app.core.clock import Clock
from app.errors import InvalidInput
from app.models import Attention, Payment, Refund, RefundStatus
from app.repositories.payments.payment_repository import PaymentRepository
from app.schemas.payments.payment_schema import PaymentRead, PaymentSeen
from app.security.areas.payments import PaymentsAudited
from app.security.principal import Caller
from app.services.system.audit_service import AuditService


def is_settled(payment: Payment, refunds: Sequence[Refund]) -> bool:
    """Return whether refunds have settled the reason for attention to a payment."""
    own = [each for each in refunds if each.payment_id == payment.id]
    if payment.attention is Attention.REFUND_BY_HAND:
        return all(each.status is not RefundStatus.ASKED for each in own)
    if payment.attention is Attention.REFUND_FAILED:
        return _are_made_good(own)
    return payment.attention is Attention.MISMATCH and is_returned(payment)


def is_returned(payment: Payment) -> bool:
    """Return whether all captured money was refunded."""
    return 0 < payment.captured_minor == payment.refunded_minor


def _are_made_good(refunds: Sequence[Refund]) -> bool:
    """Return whether later refunds have returned the sum of the failed ones."""
    failed = [each for each in refunds if each.status is RefundStatus.FAILED]
    first = min(each.created_at for each in failed) if failed else None
    made = sum(
        each.amount_minor
        for each in refunds
        if each.status is RefundStatus.SUCCEEDED and first is not None and each.created_at > first
    )
    return made >= sum(each.amount_minor for each in failed)


class PaymentAttention:
    """Records that a person has looked at a payment."""

    def __init__(self, payments: PaymentRepository, audit: AuditService, clock: Clock) -> None:
        self._payments = payments
        self._audit = audit
        self._clock = clock

    async def mark_seen(self, caller: Caller, payment_id: UUID, data: PaymentSeen) -> PaymentRead:
        """Record that a person has settled the reason for attention to a payment.

        Raises:
            PaymentNotFound: the payment does not exist.
            InvalidInput: the payment needs attention for another reason.
        """
        payment = await self._payments.get(payment_id, lock=True)
        if payment.attention not in (None, data.attention):
            raise InvalidInput.in_body(("#/attention", f"it is {payment.attention}"))
        if payment.attention is not None:
            payment.attention = None
            payment.touch(self._clock.now())
            await self._payments.flush()
            await self._audit.record(
                PaymentsAudited.PAYMENT_SEEN, caller, payment_id, attention=data.attention
            )
        return PaymentRead.model_validate(payment)
