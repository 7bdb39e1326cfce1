"""Stripe's test cards and accounts, by number and by payment method (docs.stripe.com/testing)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A test card: the result of its payments, and of their refunds."""

    code: str | None = None
    """The error code of a refused payment."""
    decline_code: str | None = None
    message: str | None = None
    asks_customer: bool = False
    takes_days: bool = False
    """Whether the payment stays in `processing`, as debits of bank accounts do."""
    first_refund_status: str = "succeeded"
    last_refund_status: str = "succeeded"


def _declined(decline_code: str, message: str = "Your card was declined.") -> Card:
    return Card("card_declined", decline_code, message)


CARDS = {
    "4242424242424242": Card(),
    "4000000000000002": _declined("generic_decline"),
    "4000000000009995": _declined("insufficient_funds", "Your card has insufficient funds."),
    "4000000000009987": _declined("lost_card"),
    "4000000000009979": _declined("stolen_card"),
    "4000000000000069": Card("expired_card", None, "Your card has expired."),
    "4000000000000127": Card("incorrect_cvc", None, "Your card's security code is incorrect."),
    "4000000000000119": Card(
        "processing_error",
        None,
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "4000002500003155": Card(asks_customer=True),
    "4000000000007726": Card(first_refund_status="pending"),
    "4000000000005126": Card(last_refund_status="failed"),
    "000123456789": Card(takes_days=True),
}
METHODS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_authenticationRequired": "4000002500003155",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
    "pm_usBankAccount": "000123456789",
}
