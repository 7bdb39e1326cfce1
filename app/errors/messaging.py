"""Errors about messages and operations."""

from app.errors.base import Conflict, NotFound

__all__ = ["DeadLetterNotFound", "NotAppliedAgain", "OperationNotFound"]


class DeadLetterNotFound(NotFound):
    """The dead letter does not exist."""

    code, title = "dead-letter-not-found", "Dead letter not found"


class OperationNotFound(NotFound):
    """The operation does not exist."""

    code, title = "operation-not-found", "Operation not found"


class NotAppliedAgain(Conflict):
    """The message may have been applied before, so it is not applied again."""

    code, title = "ambiguous", "The message may have been applied"
