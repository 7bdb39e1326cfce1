"""How often a message whose handler failed is tried again, and how long it waits before that."""

from datetime import timedelta

MAX_ATTEMPTS = 8
"""After the last of them, a message is parked."""
_FIRST_DELAY = timedelta(seconds=1)
_LONGEST_DELAY = timedelta(minutes=5)


def delay_after(attempts: int) -> timedelta:
    """Return the pause after a number of failed attempts; each pause doubles, to a limit."""
    return min(_FIRST_DELAY * int(2 ** (attempts - 1)), _LONGEST_DELAY)
