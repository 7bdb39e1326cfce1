"""Refusals about messages and operations."""

from app.errors.base import Conflict, NotFound

__all__ = ["DeadLetterNotFound", "NotAppliedAgain", "OperationNotFound"]


class DeadLetterNotFound(NotFound):
    """There is no such dead letter."""

    code, title = "dead-letter-not-found", "Dead letter not found"


class OperationNotFound(NotFound):
    """There is no such operation."""

    code, title = "operation-not-found", "Operation not found"


class NotAppliedAgain(Conflict):
    """Nobody can tell whether the message was applied before."""

    code, title = "ambiguous", "The message may have been applied"
