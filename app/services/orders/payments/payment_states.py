"""The change of a payment to the state at its provider."""

from datetime import datetime, timedelta

from app.errors import CaptureNotPossible
from app.gateways.payments.provider import PaymentState
from app.models import Attention, Payment, PaymentStatus
from app.services.orders.payments.payment_attention import is_returned
from app.tables.payments import FOLLOWING

_MAX_FAILURE = 200
# The age of a payment, and the time until it is looked at again.
_LOOKS = (
    (timedelta(minutes=2), timedelta(seconds=60)),
    (timedelta(minutes=10), timedelta(minutes=2)),
    (timedelta(minutes=30), timedelta(minutes=5)),
    (timedelta(hours=2), timedelta(minutes=15)),
)
_LATER = timedelta(hours=1)
AFTER_SILENCE = timedelta(seconds=20)
"""The time after which a provider that did not answer is asked again."""


def next_look(payment: Payment, now: datetime) -> datetime:
    """Return when a payment is looked at again, unless its provider sends an event before."""
    age = now - payment.created_at
    return now + next((wait for until, wait in _LOOKS if age < until), _LATER)


def apply_state(payment: Payment, state: PaymentState, now: datetime) -> bool:
    """Update a locked payment to the state at its provider; return whether it has changed.

    A status that is not an allowed transition is ignored: it is an old one.
    """
    before = _facts(payment)
    if payment.reference is None:
        payment.reference = state.reference
    is_same = (state.amount_minor, state.currency) == (payment.amount_minor, payment.currency)
    if not is_same and not is_returned(payment):
        payment.attention = Attention.MISMATCH
    elif payment.attention is Attention.MISMATCH:
        payment.attention = None
    if state.status in FOLLOWING[payment.status]:
        payment.status = state.status
    if payment.status is PaymentStatus.CAPTURED:
        payment.captured_minor = max(payment.captured_minor, state.captured_minor)
    is_failed = payment.status in (PaymentStatus.FAILED, PaymentStatus.REQUIRES_ACTION)
    payment.failure = (state.failure or "")[:_MAX_FAILURE] or None if is_failed else None
    if _facts(payment) == before:
        return False
    payment.touch(now)
    return True


def not_capturable(payment: Payment) -> CaptureNotPossible:
    """Return the refusal of an action that the status of a payment does not allow."""
    return CaptureNotPossible(
        f"the payment is {payment.status}", id=str(payment.id), payment_status=payment.status
    )


def _facts(payment: Payment) -> tuple[object, ...]:
    return (
        payment.reference,
        payment.status,
        payment.captured_minor,
        payment.attention,
        payment.failure,
    )
