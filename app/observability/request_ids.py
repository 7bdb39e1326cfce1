"""One id for everything that a request causes, in any process."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_bound: ContextVar[str | None] = ContextVar("request_id", default=None)
# Needs no escaping in a log, a header or a URL, and matches neither a token nor an e-mail address.
_SANE = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def current_request_id() -> str | None:
    """Return the id of the current request, if there is one."""
    return _bound.get()


def sane_request_id(given: object) -> str | None:
    """Return an id from outside if it is well-formed, otherwise None."""
    return given if isinstance(given, str) and _SANE.fullmatch(given) else None


def new_request_id() -> str:
    """Return a new random id."""
    return os.urandom(16).hex()


@contextmanager
def bound_request_id(request_id: str | None) -> Iterator[None]:
    """Set the id of the current request for the block; None means that it is unknown.

    A task of a queue or a schedule that knows its request runs in it:

        with bound_request_id(sane_request_id(message.labels.get("request_id"))):
            await work()
    """
    token = _bound.set(request_id)
    try:
        yield
    finally:
        _bound.reset(token)
