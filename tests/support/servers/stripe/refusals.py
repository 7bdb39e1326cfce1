"""The errors of Stripe, with the statuses, codes and parameters of its own responses."""

from typing import Any


class Refused(Exception):
    """A request for which Stripe returns an error."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        is_stored: bool = True,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.is_stored = is_stored
        """Whether the endpoint had begun, so that the response is stored under the key."""
        given = {name: value for name, value in details.items() if value is not None}
        self.error = {"message": message, "type": kind, **given}


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """Return the refusal of a parameter, which is checked before the endpoint begins."""
    return Refused(message, param=param, code=code, is_stored=False)


def unknown_key(key: str) -> Refused:
    """Return the refusal of an invalid API key."""
    shown = f"{key[:8]}****{key[-4:]}"
    return Refused(f"Invalid API Key provided: {shown}", status=401, is_stored=False)


def missing(what: str, identifier: str, param: str) -> Refused:
    """Return the refusal of an id that is not known."""
    message = f"No such {what}: '{identifier}'"
    return Refused(message, status=404, code="resource_missing", param=param)


def unexpected_state(verb: str, intent: dict[str, Any], allowed: tuple[str, ...]) -> Refused:
    """Return the refusal of an action that the status of an intent does not allow."""
    return Refused(
        f"This PaymentIntent could not be {verb} because it has a status of {intent['status']}. "
        f"Only a PaymentIntent with one of the following statuses may be {verb}: "
        f"{', '.join(allowed)}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


def other_parameters(key: str) -> Refused:
    """Return the refusal of a key that was first used with another request."""
    return Refused(
        "Keys for idempotent requests can only be used with the same parameters they were first "
        f"used with. Try using a key other than '{key}' if you meant to execute a different "
        "request.",
        kind="idempotency_error",
        is_stored=False,
    )


def key_in_use(key: str) -> Refused:
    """Return the refusal of a key whose request is still in progress."""
    return Refused(
        f"There is currently another in-progress request using this Idempotent Key: {key}.",
        status=409,
        code="idempotency_key_in_use",
        is_stored=False,
    )


def rate_limited() -> Refused:
    """Return the refusal of a request over the rate limit."""
    return Refused("Request rate limit exceeded.", status=429, code="rate_limit", is_stored=False)
