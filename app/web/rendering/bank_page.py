"""The page of the bank for tests."""

from html import escape

from litestar import Response

from app.core.money import format_minor
from app.gateways.payments.bank import PAGE
from app.models import BankPayment, PaymentStatus
from app.schemas.payments.bank_schema import Decision

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:10vh auto;padding:0 1rem;"
    "color-scheme:light dark}h1{font-size:1.3rem}button{font:inherit;padding:.5rem 1rem;"
    "margin:.25rem .5rem .25rem 0}strong{font-size:1.6rem}"
)
_WORDS = {
    Decision.APPROVE: "Approve",
    Decision.DECLINE: "Decline",
    Decision.APPROVE_SILENTLY: "Approve, and tell the shop nothing",
}


def bank_page(payment: BankPayment) -> Response[bytes]:
    """Return the page of a payment."""
    amount = f"{format_minor(payment.amount_minor, payment.currency)} {payment.currency}"
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'><title>Bank for tests</title>",
        f"<style>{_STYLE}</style><h1>Bank for tests</h1>",
        f"<p>Order {payment.order_number}<br><strong>{escape(amount)}</strong></p>",
    ]
    if payment.status is PaymentStatus.REQUIRES_ACTION:
        buttons = "".join(
            f"<button name=decision value={each}>{_WORDS[each]}</button>" for each in Decision
        )
        parts.append(
            f"<form method=post action='{PAGE}{escape(payment.reference)}'>{buttons}</form>"
        )
        parts.append("<p>No money is taken: this bank is for trying the shop.</p>")
    else:
        parts.append(f"<p>This payment is {escape(payment.status)}.</p>")
    if payment.return_url is not None:
        parts.append(f"<p><a href='{escape(payment.return_url)}'>Back to the shop</a></p>")
    return Response(
        "".join(parts).encode(),
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"},
    )
