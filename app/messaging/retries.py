"""How often a message whose handler failed is tried again, and how long it waits before that."""

from datetime import timedelta

MAX_ATTEMPTS = 8
_FIRST_DELAY = timedelta(seconds=1)
_LONGEST_DELAY = timedelta(minutes=5)


def may_try_again(attempts: int) -> bool:
    """Return whether a message with this number of failed attempts is tried again."""
    return attempts < MAX_ATTEMPTS


def delay_after(attempts: int) -> timedelta:
    """Return the pause after a number of failed attempts; each pause doubles, to a limit."""
    return min(_FIRST_DELAY * int(2 ** (attempts - 1)), _LONGEST_DELAY)
