"""One id for all that a request sets in motion, in whichever process it happens."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_bound: ContextVar[str | None] = ContextVar("request_id", default=None)
# What a log, a header and a URL can have as it is, and no token or e-mail address has the form of.
_SANE = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def current_request_id() -> str | None:
    """Return the id of the request that is the reason of what goes on here, if there is one."""
    return _bound.get()


def sane_request_id(given: object) -> str | None:
    """Return an id that somebody else has given, if it has the form of one."""
    return given if isinstance(given, str) and _SANE.fullmatch(given) else None


def new_request_id() -> str:
    """Return an id that nobody else has."""
    return os.urandom(16).hex()


@contextmanager
def bound_request_id(request_id: str | None) -> Iterator[None]:
    """Have what goes on meanwhile be of a request, or, for None, of none that is known.

    A task of a queue or a schedule that knows its request is run in it:

        with bound_request_id(sane_request_id(message.labels.get("request_id"))):
            await work()
    """
    token = _bound.set(request_id)
    try:
        yield
    finally:
        _bound.reset(token)
