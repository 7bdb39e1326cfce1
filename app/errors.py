"""Refusals of the shop; each class knows its code and its HTTP status.

DomainError
├── InvalidInput 400
├── Unauthenticated 401: InvalidToken, InvalidCredentials, RefreshTokenReused
├── Forbidden 403
├── NotFound 404: UserNotFound, AddressNotFound, ProductNotFound, OrderNotFound,
│   SessionNotFound, ApiKeyNotFound, DeadLetterNotFound, OperationNotFound, ReportNotFound
├── RequestTimeout 408
├── Conflict 409: EmailTaken, UsernameTaken, TooManyAddresses, SkuTaken, InsufficientStock,
│   ProductNotForSale, UserNotActive, IllegalTransition, LastAdmin, OrderExists,
│   NotAppliedAgain, RequestInProgress, DayNotOver, ReportInProgress, ReportUnbalanced
├── PreconditionFailed 412
├── PayloadTooLarge 413
├── UnsupportedMediaType 415
├── IdempotencyKeyReused 422
├── TooManyRequests 429
└── Unavailable 503
"""

from typing import Any, ClassVar, Self
from uuid import UUID


class DomainError(Exception):
    """A refusal that the caller is told: `detail` in words, `context` in data."""

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]
    keeps_changes: ClassVar[bool] = False
    """Whether what was written on the way to the refusal is committed all the same."""

    def __init__(self, detail: str, **context: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.context = context

    def as_problem(self) -> dict[str, Any]:
        """Return it as a problem document (RFC 9457)."""
        return {
            "type": f"urn:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.context,
        }


class InvalidInput(DomainError):
    """The request breaks the rules of its schema; `errors` says where and why."""

    code, title, status = "invalid-input", "The input is not valid", 400

    def __init__(self, detail: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail, **({"errors": errors} if errors else {}))


class Unauthenticated(DomainError):
    """The caller must say who it is, by a bearer token that is good."""

    code, title, status = "unauthenticated", "Who are you?", 401


class InvalidToken(Unauthenticated):
    """The token is not one of ours, is of another kind, or its time is over."""

    code, title = "invalid-token", "The token is not valid"


class InvalidCredentials(Unauthenticated):
    """There is no such user, or the password is another one."""

    code, title, keeps_changes = "invalid-credentials", "Wrong name or password", True


class RefreshTokenReused(InvalidToken):
    """The refresh token was used before: somebody has a copy, and its session is ended."""

    code, title, keeps_changes = "refresh-token-reused", "The token was used before", True


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code, title, status = "forbidden", "Not allowed", 403


class NotFound(DomainError):
    """There is no such thing, or the caller may not know of it."""

    code, title, status = "not-found", "Not found", 404

    @classmethod
    def of(cls, subject_id: UUID) -> Self:
        """Return the refusal to show what has an id."""
        name = cls.code.removesuffix("-not-found").replace("-", " ")
        return cls(f"there is no {name} {subject_id}", id=str(subject_id))


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


class SessionNotFound(NotFound):
    """The caller has no such session."""

    code, title = "session-not-found", "Session not found"


class ApiKeyNotFound(NotFound):
    """There is no such API key."""

    code, title = "api-key-not-found", "API key not found"


class DeadLetterNotFound(NotFound):
    """There is no such dead letter."""

    code, title = "dead-letter-not-found", "Dead letter not found"


class OperationNotFound(NotFound):
    """There is no such operation."""

    code, title = "operation-not-found", "Operation not found"


class ReportNotFound(NotFound):
    """There is no report of this day."""

    code, title = "report-not-found", "Report not found"


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


class TooManyAddresses(Conflict):
    """The user has as many addresses as a user may have."""

    code, title = "too-many-addresses", "The user has too many addresses"


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


class LastAdmin(Conflict):
    """The shop would be left without an administrator."""

    code, title = "last-admin", "The last administrator stays"


class OrderExists(Conflict):
    """There is an order with this id."""

    code, title = "order-exists", "The order is there already"


class NotAppliedAgain(Conflict):
    """Nobody can tell whether the message was applied before."""

    code, title = "ambiguous", "The message may have been applied"


class RequestInProgress(Conflict):
    """A request with the same idempotency key is still running."""

    code, title = "request-in-progress", "The first request with this key is still running"


class DayNotOver(Conflict):
    """A report is made of a day that is over."""

    code, title = "day-not-over", "The day is not over"


class ReportInProgress(Conflict):
    """The report of this day is being made."""

    code, title = "report-in-progress", "The report is being made"


class ReportUnbalanced(Conflict):
    """The sums of a report are not those of the books."""

    code, title = "report-unbalanced", "The report does not add up"


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


class TooManyRequests(DomainError):
    """The caller has used up what it may ask for in this span of time."""

    code, title, status = "too-many-requests", "Too many requests", 429

    def __init__(self, detail: str, headers: dict[str, str] | None = None, **context: Any) -> None:
        super().__init__(detail, **context)
        self.headers = headers or {}


class Unavailable(DomainError):
    """A process that the shop needs does not answer at present."""

    code, title, status = "unavailable", "Temporarily unavailable", 503
