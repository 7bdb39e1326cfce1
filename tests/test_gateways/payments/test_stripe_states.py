"""Each status of Stripe is mapped to one of the shop, also one that Stripe adds later."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from app.gateways.payments.stripe_states import payment_state, refund_state
from app.models import PaymentStatus, RefundStatus
from app.settings import Settings

INTENT: dict[str, Any] = {
    "id": "pi_1",
    "amount": 1_999,
    "amount_received": 0,
    "currency": "eur",
    "latest_charge": None,
    "metadata": {},
    "client_secret": "pi_1_secret_2",
    "last_payment_error": {"code": "card_declined", "message": "Your card was declined."},
}


@pytest.mark.parametrize(
    ("status", "ours", "has_secret", "has_failure"),
    [
        ("requires_payment_method", PaymentStatus.REQUIRES_ACTION, True, True),
        ("requires_confirmation", PaymentStatus.REQUIRES_ACTION, True, True),
        ("requires_action", PaymentStatus.REQUIRES_ACTION, True, True),
        ("processing", PaymentStatus.PROCESSING, False, False),
        ("requires_capture", PaymentStatus.AUTHORISED, False, False),
        ("succeeded", PaymentStatus.CAPTURED, False, False),
        ("canceled", PaymentStatus.VOIDED, False, True),
        ("requires_something_new", PaymentStatus.PROCESSING, False, False),
    ],
)
def test_each_status_of_a_payment_has_a_status_of_the_shop(
    status: str, ours: PaymentStatus, has_secret: bool, has_failure: bool
) -> None:
    state = payment_state(INTENT | {"status": status})
    assert state.status is ours
    assert state.client_secret == ("pi_1_secret_2" if has_secret else None)
    assert state.failure == ("card_declined: Your card was declined." if has_failure else None)


@pytest.mark.parametrize(
    ("status", "ours", "failure"),
    [
        ("pending", RefundStatus.PENDING, None),
        ("requires_action", RefundStatus.PENDING, None),
        ("succeeded", RefundStatus.SUCCEEDED, None),
        ("failed", RefundStatus.FAILED, "failed"),
        ("canceled", RefundStatus.FAILED, "canceled"),
        ("something_new", RefundStatus.PENDING, None),
        (None, RefundStatus.PENDING, None),
    ],
)
def test_each_status_of_a_refund_has_a_status_of_the_shop(
    status: str | None, ours: RefundStatus, failure: str | None
) -> None:
    state = refund_state({"id": "re_1", "status": status})
    assert (state.status, state.failure) == (ours, failure)


def test_a_shop_that_offers_stripe_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENT_PROVIDERS", "manual,stripe")
    with pytest.raises(ValidationError, match="must be set for PAYMENT_PROVIDERS with stripe"):
        Settings(_env_file=None)
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_very-secret")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", "whsec_very-secret, whsec_older-secret")
    settings = Settings(_env_file=None)
    assert settings.stripe_webhook_secrets == (
        SecretStr("whsec_very-secret"),
        SecretStr("whsec_older-secret"),
    )
    assert "secret-" not in repr(settings) and "-secret" not in repr(settings)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ValidationError, match="uv sync --extra stripe"):
        Settings(_env_file=None)
