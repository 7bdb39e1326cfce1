"""The objects of Stripe's API, in the form of its published schemas."""

from typing import Any
from uuid import uuid4

from tests.support.servers.stripe.cards import Card

API_VERSION = "2026-10-28.endive"

Object = dict[str, Any]


def new_id(prefix: str) -> str:
    """Return an id in the form of Stripe."""
    return f"{prefix}_{uuid4().hex[:24]}"


def new_intent(given: Object, amount: int, currency: str, now: int) -> Object:
    """Return a PaymentIntent that was not confirmed."""
    identifier = new_id("pi")
    nothing = (
        "application application_fee_amount canceled_at cancellation_reason customer "
        "last_payment_error latest_charge next_action on_behalf_of payment_method processing "
        "receipt_email review setup_future_usage shipping statement_descriptor "
        "statement_descriptor_suffix transfer_data transfer_group"
    )
    return dict.fromkeys(nothing.split()) | {
        "id": identifier,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "capture_method": given.get("capture_method", "automatic_async"),
        "client_secret": f"{identifier}_secret_{uuid4().hex[:25]}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "description": given.get("description"),
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }


def new_charge(intent: Object, card: Card, is_captured: bool, now: int) -> Object:
    """Return a charge of an intent, which has failed if the card is refused."""
    has_failed = card.code is not None
    nothing = (
        "application application_fee application_fee_amount balance_transaction "
        "calculated_statement_descriptor customer description failure_balance_transaction "
        "on_behalf_of outcome payment_method_details receipt_email receipt_number receipt_url "
        "review shipping source_transfer statement_descriptor statement_descriptor_suffix "
        "transfer_data transfer_group"
    )
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return dict.fromkeys(nothing.split()) | {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if is_captured and not has_failed else 0,
        "amount_refunded": 0,
        "billing_details": {
            "address": address,
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "captured": is_captured and not has_failed,
        "created": now,
        "currency": intent["currency"],
        "disputed": False,
        "failure_code": card.code,
        "failure_message": card.message,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": not has_failed,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "refunded": False,
        "status": "failed" if has_failed else "succeeded",
    }


def card_error(card: Card, charge: Object) -> Object:
    """Return the error of a refused card."""
    return {
        "type": "card_error",
        "charge": charge["id"],
        "code": card.code,
        **({"decline_code": card.decline_code} if card.decline_code else {}),
        "doc_url": (
            f"https://stripe.com/docs/error-codes/{card.code.replace('_', '-')}"
            if card.code
            else ""
        ),
        "message": card.message,
    }


def new_refund(charge: Object, amount: int, given: Object, status: str, now: int) -> Object:
    """Return a refund of a charge."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "metadata": given.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": given.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def new_event(kind: str, subject: Object, key: str | None, now: int) -> Object:
    """Return an event about an object in its current state."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": new_id("req"), "idempotency_key": key},
        "type": kind,
    }
