"""Payments and refunds of Stripe, converted to those of the shop."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.gateways.payments.provider import PaymentState, RefundState
from app.gateways.payments.stripe_units import from_stripe
from app.models import PaymentStatus, RefundStatus

STATUSES = {
    # This is also the status after a declined card: the customer may try another one.
    "requires_payment_method": PaymentStatus.REQUIRES_ACTION,
    "requires_confirmation": PaymentStatus.REQUIRES_ACTION,
    "requires_action": PaymentStatus.REQUIRES_ACTION,
    "processing": PaymentStatus.PROCESSING,
    "requires_capture": PaymentStatus.AUTHORISED,
    "succeeded": PaymentStatus.CAPTURED,
    "canceled": PaymentStatus.VOIDED,
}
"""The shop's status for each of docs.stripe.com/payments/paymentintents/lifecycle."""
REFUND_STATUSES = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
"""The shop's status for each of docs.stripe.com/api/refunds/object."""
# This is the length of the column in which the code is stored.
_LONGEST_FAILURE = 200
_FAILING = frozenset({PaymentStatus.REQUIRES_ACTION, PaymentStatus.VOIDED})
_OF_SCRIPT = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})


def payment_state(intent: Mapping[str, Any]) -> PaymentState:
    """Return the state of a PaymentIntent, whose charge is expanded."""
    currency = intent["currency"].upper()
    charge = intent.get("latest_charge") or {"amount_refunded": 0}
    marks = intent.get("metadata") or {}
    # A status that Stripe adds later has no meaning here yet.
    status = STATUSES.get(intent["status"], PaymentStatus.PROCESSING)
    return PaymentState(
        reference=intent["id"],
        status=status,
        amount_minor=from_stripe(intent["amount"], currency),
        currency=currency,
        captured_minor=from_stripe(intent.get("amount_received") or 0, currency),
        # Since version 2025-03-31 of Stripe's API, this does not contain money that was not
        # captured.
        refunded_minor=from_stripe(charge["amount_refunded"], currency),
        failure=_failure(intent.get("last_payment_error")) if status in _FAILING else None,
        payment_id=_uuid(marks.get("payment_id")),
        order_id=_uuid(marks.get("order_id")),
        order_number=_number(marks.get("order_number")),
        action_url=_action_url(intent.get("next_action")),
        client_secret=intent.get("client_secret") if intent["status"] in _OF_SCRIPT else None,
    )


def refund_state(refund: Mapping[str, Any]) -> RefundState:
    """Return the state of a refund."""
    status = REFUND_STATUSES.get(refund.get("status") or "pending", RefundStatus.PENDING)
    failure = None
    if status is RefundStatus.FAILED:
        failure = refund.get("failure_reason") or refund["status"]
    return RefundState(refund["id"], status, failure)


def _failure(error: Mapping[str, Any] | None) -> str | None:
    if not error:
        return None
    words = (error.get("decline_code") or error.get("code"), error.get("message"))
    return ": ".join(filter(None, words))[:_LONGEST_FAILURE] or None


def _action_url(action: Mapping[str, Any] | None) -> str | None:
    page = (action or {}).get("redirect_to_url")
    return page["url"] if page else None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text)
    except (TypeError, ValueError):
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None
