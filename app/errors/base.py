"""The errors shared by all areas; `DomainError` is the base class of all of them."""

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
    """An error reported to the caller: `detail` as text, `context` as data."""

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]
    keeps_changes: ClassVar[bool] = False
    """Whether the changes made before the error are still committed."""

    def __init__(self, detail: str, **context: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.context = context

    def as_problem(self) -> dict[str, Any]:
        """Return the error as a problem document (RFC 9457)."""
        return {
            "type": f"urn:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.context,
        }


class InvalidInput(DomainError):
    """The request violates its schema; `errors` lists each field and reason."""

    code, title, status = "invalid-input", "The input is not valid", 400

    def __init__(self, detail: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail, **({"errors": errors} if errors else {}))

    @classmethod
    def in_body(cls, *reasons: tuple[str, str]) -> Self:
        """Return the error for wrong members of a body: the JSON pointer and the reason of each."""
        errors = [{"pointer": pointer, "detail": reason} for pointer, reason in reasons]
        return cls("the body does not match its schema", errors)

    @classmethod
    def in_query(cls, parameter: str, reason: str) -> Self:
        """Return the error for a wrong parameter of a query."""
        return cls("the query is not valid", [{"parameter": parameter, "detail": reason}])


class Unauthenticated(DomainError):
    """The request has no valid bearer token."""

    code, title, status = "unauthenticated", "Authentication required", 401


class Forbidden(DomainError):
    """The caller is authenticated but may not do this."""

    code, title, status = "forbidden", "Not allowed", 403


class NotFound(DomainError):
    """The resource does not exist, or the caller may not see it."""

    code, title, status = "not-found", "Not found", 404

    @classmethod
    def of(cls, subject_id: UUID) -> Self:
        """Return the error for a missing id."""
        name = cls.code.removesuffix("-not-found").replace("-", " ")
        return cls(f"there is no {name} {subject_id}", id=str(subject_id))


class RequestTimeout(DomainError):
    """The body did not arrive in time."""

    code, title, status = "request-timeout", "The request took too long to arrive", 408


class Conflict(DomainError):
    """The current state of the shop does not allow the request."""

    code, title, status = "conflict", "Conflict", 409

    @classmethod
    def of_taken(cls, column: str) -> Self:
        """Return the error for a unique column whose value is taken."""
        name = column.removesuffix("_key")
        return cls(f"the {name} is taken", field=name)


class PreconditionFailed(DomainError):
    """The resource no longer has the version in `If-Match`."""

    code, title, status = "precondition-failed", "The resource has changed", 412


class PayloadTooLarge(DomainError):
    """The body is larger than allowed."""

    code, title, status = "payload-too-large", "The body is too large", 413


class UnsupportedMediaType(DomainError):
    """The body has another `Content-Type` than the route reads: JSON, or a form for log-ins."""

    code, title, status = "unsupported-media-type", "The body has the wrong media type", 415


class TooManyRequests(DomainError):
    """The caller has exceeded a rate limit."""

    code, title, status = "too-many-requests", "Too many requests", 429

    def __init__(self, detail: str, headers: dict[str, str] | None = None, **context: Any) -> None:
        super().__init__(detail, **context)
        self.headers = headers or {}


class Unavailable(DomainError):
    """A service that the shop depends on does not answer."""

    code, title, status = "unavailable", "Temporarily unavailable", 503

    def copied(self) -> Self:
        """Return an equal error for another caller: each caller adds to its traceback."""
        return type(self)(self.detail, **self.context)
