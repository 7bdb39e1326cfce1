"""The events that Stripe sends: their signatures, and the payments that they are about."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable, Mapping

from app.gateways.payments.provider import SignatureWrong

HEADER = "stripe-signature"
TOLERANCE_SECONDS = 300
_MOMENT = re.compile("[0-9]{1,15}")
_OF_PAYMENTS = ("payment_intent.", "charge.", "refund.")


def require_signature(body: bytes, header: str | None, secrets: Iterable[str]) -> None:
    """Check the signature of an event (docs.stripe.com/webhooks/signature).

    Raises:
        SignatureWrong: none of the secrets has made it, or its time is too far from now.
    """
    parts = [part.strip().partition("=")[::2] for part in (header or "").split(",")]
    moments = [value for name, value in parts if name == "t"]
    signatures = [value for name, value in parts if name == "v1" and value.isascii()]
    if len(moments) != 1 or not _MOMENT.fullmatch(moments[0]) or not signatures:
        raise SignatureWrong("the header Stripe-Signature is missing or malformed")
    signed = moments[0].encode() + b"." + body
    for secret in secrets:
        right = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        if any(hmac.compare_digest(right, each) for each in signatures):
            break
    else:
        raise SignatureWrong("no secret of STRIPE_WEBHOOK_SECRETS has made the signature")
    # The clock of the shop is not used: events come from another machine.
    if abs(time.time() - int(moments[0])) > TOLERANCE_SECONDS:
        raise SignatureWrong("the event was signed too long ago, or in the future")


def payment_of(body: bytes) -> str | None:
    """Return the PaymentIntent that an event is about, or None."""
    try:
        event = json.loads(body)
        kind, subject = event["type"], event["data"]["object"]
        if not kind.startswith(_OF_PAYMENTS):
            return None
        found = subject["id" if kind.startswith("payment_intent.") else "payment_intent"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if isinstance(found, Mapping):
        found = found.get("id")
    return found if isinstance(found, str) else None
