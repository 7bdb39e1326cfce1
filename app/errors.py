"""Refusals of the shop; each class knows its code and its HTTP status.

DomainError
├── InvalidInput 400
├── NotFound 404: UserNotFound, AddressNotFound, ProductNotFound, OrderNotFound
├── RequestTimeout 408
├── Conflict 409: EmailTaken, UsernameTaken, SkuTaken, InsufficientStock,
│   ProductNotForSale, UserNotActive, IllegalTransition, RequestInProgress
├── PreconditionFailed 412
├── PayloadTooLarge 413
├── UnsupportedMediaType 415
├── IdempotencyKeyReused 422
└── Unavailable 503
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal that the caller is told: `detail` in words, `context` in data."""

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, detail: str, **context: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.context = context


class InvalidInput(DomainError):
    """The request breaks the rules of its schema; `errors` says where and why."""

    code, title, status = "invalid-input", "The input is not valid", 400

    def __init__(self, detail: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail, **({"errors": errors} if errors else {}))


class NotFound(DomainError):
    """There is no such thing, or the caller may not know of it."""

    code, title, status = "not-found", "Not found", 404


class UserNotFound(NotFound):
    """There is no such user."""

    code, title = "user-not-found", "User not found"


class AddressNotFound(NotFound):
    """The user has no such address."""

    code, title = "address-not-found", "Address not found"


class ProductNotFound(NotFound):
    """There is no such product."""

    code, title = "product-not-found", "Product not found"


class OrderNotFound(NotFound):
    """There is no such order."""

    code, title = "order-not-found", "Order not found"


class RequestTimeout(DomainError):
    """The body did not arrive in time."""

    code, title, status = "request-timeout", "The request took too long to arrive", 408


class Conflict(DomainError):
    """The state of the shop does not allow it."""

    code, title, status = "conflict", "Conflict", 409


class EmailTaken(Conflict):
    """Another user has this e-mail address."""

    code, title = "email-taken", "The e-mail address is taken"


class UsernameTaken(Conflict):
    """Another user has this username."""

    code, title = "username-taken", "The username is taken"


class SkuTaken(Conflict):
    """Another product has this SKU."""

    code, title = "sku-taken", "The SKU is taken"


class InsufficientStock(Conflict):
    """Fewer pieces are in stock than were asked for."""

    code, title = "insufficient-stock", "Not enough in stock"


class ProductNotForSale(Conflict):
    """The product is not sold at present."""

    code, title = "product-not-for-sale", "The product is not for sale"


class UserNotActive(Conflict):
    """The user may not place orders at present."""

    code, title = "user-not-active", "The user is not active"


class IllegalTransition(Conflict):
    """An order in this status cannot move to that one."""

    code, title = "illegal-transition", "The order cannot change to this status"


class RequestInProgress(Conflict):
    """A request with the same idempotency key is still running."""

    code, title = "request-in-progress", "The first request with this key is still running"


class PreconditionFailed(DomainError):
    """The resource is no longer the version that `If-Match` names."""

    code, title, status = "precondition-failed", "The resource has changed", 412


class PayloadTooLarge(DomainError):
    """The body is larger than allowed."""

    code, title, status = "payload-too-large", "The body is too large", 413


class UnsupportedMediaType(DomainError):
    """The body is not JSON by its `Content-Type`."""

    code, title, status = "unsupported-media-type", "The body must be JSON", 415


class IdempotencyKeyReused(DomainError):
    """The idempotency key was used with another request."""

    code, title, status = "idempotency-key-reused", "The key belongs to another request", 422


class Unavailable(DomainError):
    """A process that the shop needs does not answer at present."""

    code, title, status = "unavailable", "Temporarily unavailable", 503
