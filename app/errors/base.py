"""The refusals that every area shares; the root of all of them is `DomainError`."""

from typing import Any, ClassVar, Self
from uuid import UUID

__all__ = [
    "Conflict",
    "DomainError",
    "Forbidden",
    "InvalidInput",
    "NotFound",
    "PayloadTooLarge",
    "PreconditionFailed",
    "RequestTimeout",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedMediaType",
]


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


class RequestTimeout(DomainError):
    """The body did not arrive in time."""

    code, title, status = "request-timeout", "The request took too long to arrive", 408


class Conflict(DomainError):
    """The state of the shop does not allow it."""

    code, title, status = "conflict", "Conflict", 409


class PreconditionFailed(DomainError):
    """The resource is no longer the version that `If-Match` names."""

    code, title, status = "precondition-failed", "The resource has changed", 412


class PayloadTooLarge(DomainError):
    """The body is larger than allowed."""

    code, title, status = "payload-too-large", "The body is too large", 413


class UnsupportedMediaType(DomainError):
    """The body is not JSON by its `Content-Type`."""

    code, title, status = "unsupported-media-type", "The body must be JSON", 415


class TooManyRequests(DomainError):
    """The caller has used up what it may ask for in this span of time."""

    code, title, status = "too-many-requests", "Too many requests", 429

    def __init__(self, detail: str, headers: dict[str, str] | None = None, **context: Any) -> None:
        super().__init__(detail, **context)
        self.headers = headers or {}


class Unavailable(DomainError):
    """A process that the shop needs does not answer at present."""

    code, title, status = "unavailable", "Temporarily unavailable", 503
