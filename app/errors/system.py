"""Errors about idempotency keys."""

from app.errors.base import Conflict, DomainError

__all__ = ["IdempotencyKeyReused", "RequestInProgress"]


class RequestInProgress(Conflict):
    """A request with the same idempotency key is still running."""

    code, title = "request-in-progress", "The first request with this key is still running"


class IdempotencyKeyReused(DomainError):
    """The idempotency key was used with another request."""

    code, title, status = "idempotency-key-reused", "The key belongs to another request", 422
