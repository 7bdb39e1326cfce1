"""Events of Stripe are read if their signature is valid and recent, and name their payment."""

import json
import time
from collections.abc import Callable

import pytest
import stripe
from pydantic import SecretStr

from app.gateways.payments.provider import SignatureWrong
from app.gateways.payments.stripe_provider import StripeProvider

SECRET = "whsec_current"
OTHER = "whsec_older"
INTENT = "pi_1"


def _provider() -> StripeProvider:
    secrets = (SecretStr(SECRET), SecretStr(OTHER))
    return StripeProvider(SecretStr("sk_test_1"), secrets, "Lavka")


def _event(kind: str, **subject: object) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": subject}}).encode()


def _header(body: bytes, secret: str = SECRET, *, age: int = 0) -> str:
    # The signature is computed by Stripe's own library.
    header: str = stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret, int(time.time()) - age
    )
    return header


async def _read(body: bytes, header: str | None) -> str | None:
    headers = {} if header is None else {"Stripe-Signature": header}
    return await _provider().read_event(body, headers)


PAID = _event("payment_intent.succeeded", id=INTENT, object="payment_intent")


@pytest.mark.parametrize(
    ("body", "payment"),
    [
        (PAID, INTENT),
        (_event("payment_intent.created", id=INTENT), INTENT),
        (_event("charge.refunded", id="ch_1", payment_intent=INTENT), INTENT),
        (_event("charge.dispute.created", id="du_1", payment_intent=INTENT), INTENT),
        (_event("charge.succeeded", id="ch_1", payment_intent={"id": INTENT}), INTENT),
        (_event("refund.failed", id="re_1", payment_intent=INTENT), INTENT),
        (_event("charge.succeeded", id="ch_1", payment_intent=None), None),
        (_event("refund.created", id="re_1"), None),
        (_event("customer.created", id="cus_1", payment_intent=INTENT), None),
        (b"{}", None),
        (b"[]", None),
        (b"not JSON", None),
        (b'{"type": "payment_intent.succeeded", "data": {"object": []}}', None),
        (b'{"type": 1, "data": {"object": {"id": "pi_1"}}}', None),
    ],
)
async def test_a_signed_event_names_its_payment(body: bytes, payment: str | None) -> None:
    assert await _read(body, _header(body)) == payment


async def test_both_secrets_are_accepted_while_one_is_replaced() -> None:
    assert await _read(PAID, _header(PAID, OTHER)) == INTENT


async def test_one_valid_signature_of_several_is_enough() -> None:
    moment, _, right = _header(PAID).partition(",")
    assert await _read(PAID, f"{moment},v1={'0' * 64},{right},v0=other") == INTENT


@pytest.mark.parametrize("age", [-290, 0, 290])
async def test_an_event_is_read_within_five_minutes(age: int) -> None:
    assert await _read(PAID, _header(PAID, age=age)) == INTENT


NOTHING = "0" * 64
HEADERS: dict[str, Callable[[int], str | None]] = {
    "an empty one": lambda _: "",
    "no header": lambda _: None,
    "nonsense": lambda _: "nonsense",
    "empty parts": lambda _: "t=,v1=",
    "no moment": lambda _: f"v1={NOTHING}",
    "no signature": lambda now: f"t={now}",
    "a wrong signature": lambda now: f"t={now},v1={NOTHING}",
    "a signature with other letters": lambda now: f"t={now},v1=ä",
    "a moment with other digits": lambda _: f"t=²,v1={NOTHING}",
    "a strange secret": lambda _: _header(PAID, "whsec_strange"),
    "a signature that is too old": lambda _: _header(PAID, age=310),
    "a signature of the future": lambda _: _header(PAID, age=-310),
    "another scheme": lambda _: _header(PAID).replace("v1=", "v0="),
    "two moments": lambda _: f"t=1,{_header(PAID)}",
    "another moment": lambda _: _header(PAID).replace("t=", "t=9"),
}


@pytest.mark.parametrize("name", HEADERS)
async def test_an_event_without_a_fresh_signature_is_refused(name: str) -> None:
    with pytest.raises(SignatureWrong):
        await _read(PAID, HEADERS[name](int(time.time())))


async def test_a_changed_body_is_refused() -> None:
    with pytest.raises(SignatureWrong):
        await _read(PAID.replace(b"pi_1", b"pi_2"), _header(PAID))


async def test_no_event_is_read_without_a_secret() -> None:
    provider = StripeProvider(SecretStr("sk_test_1"), (), "Lavka")
    with pytest.raises(SignatureWrong):
        await provider.read_event(PAID, {"stripe-signature": _header(PAID, "")})
