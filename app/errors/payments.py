"""Errors of payments and their providers."""

from app.errors.base import Conflict, DomainError, NotFound, Unavailable

__all__ = [
    "AmountTooLarge",
    "CaptureNotPossible",
    "NothingToPay",
    "PaymentNotFound",
    "ProviderNotFound",
    "ProviderRefused",
    "ProviderUnavailable",
    "RefundNotFound",
    "RefundNotManual",
    "SignatureRefused",
]


class PaymentNotFound(NotFound):
    """The payment does not exist."""

    code, title = "payment-not-found", "Payment not found"


class RefundNotFound(NotFound):
    """The refund does not exist."""

    code, title = "refund-not-found", "Refund not found"


class ProviderNotFound(NotFound):
    """The shop does not use this provider of payments."""

    code, title = "provider-not-found", "Provider not found"


class NothingToPay(Conflict):
    """The order is completely paid or cancelled."""

    code, title = "nothing-to-pay", "Nothing is left to pay"


class AmountTooLarge(Conflict):
    """The amount is more than is left; `left` is the remaining amount."""

    code, title = "amount-too-large", "The amount is too large"


class CaptureNotPossible(Conflict):
    """The payment has no authorised money that could be taken."""

    code, title = "capture-not-possible", "The payment cannot be captured"


class RefundNotManual(Conflict):
    """Only the provider of the payment can make the refund."""

    code, title = "refund-not-manual", "The provider makes the refund"


class ProviderRefused(Conflict):
    """The provider of the payment refuses the request; `provider_code` is its reason."""

    code, title = "provider-refused", "The provider refuses"


class ProviderUnavailable(Unavailable):
    """The provider of the payment does not answer; the request is repeated later."""

    code, title = "provider-unavailable", "The provider does not answer"


class SignatureRefused(DomainError):
    """The event was not signed by the provider, or too long ago."""

    code, title, status = "signature-refused", "The signature is not valid", 400
