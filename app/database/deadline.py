"""The time limit of a request, and the commit that it must not interrupt."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Protocol

from app.errors import Unavailable

ANSWER_SECONDS = 3.5
"""The time limit of a request; its caller gets an answer within 5 s."""
# The additional time for a commit and for the answer after it.
_COMMIT_SECONDS = 0.8
_PAUSE_SECONDS = 60.0


class Limit(Protocol):
    """A limit for the time of a transaction."""

    def extended(self) -> AbstractContextManager[None]:
        """Return a context for a commit, which the limit does not interrupt."""


class Deadline:
    """The limit of one request, which cancels its task, but not before a commit ends."""

    __slots__ = ("_commits", "_extra_seconds", "_is_abandoned", "_limit_at", "_timeout")

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout
        self._limit_at: float | None = None
        self._extra_seconds = 0.0
        self._commits = 0
        self._is_abandoned = False

    def start(self, began_at: float) -> None:
        """Set the limit of a request that arrived at a time of the event loop."""
        self._limit_at = began_at + ANSWER_SECONDS
        self._move(self._limit_at + self._extra_seconds)

    def lift(self) -> None:
        """End the limit: the answer has begun, or the caller is still sending."""
        if self._limit_at is not None:
            self._limit_at = None
            self._move(None)

    def abandon(self) -> None:
        """Cancel the request because its caller has gone, after the commit if there is one."""
        self._is_abandoned = True
        if not self._commits:
            self._move(asyncio.get_running_loop().time())

    @contextmanager
    def extended(self) -> Iterator[None]:
        """Give a commit and its answer additional time to end."""
        self._extra_seconds = _COMMIT_SECONDS
        if self._limit_at is not None:
            self._move(self._limit_at + self._extra_seconds)
        self._commits += 1
        try:
            yield
        finally:
            self._commits -= 1
            if self._is_abandoned:
                self.abandon()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Exclude the time of a block, which has a limit of its own."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        self._extra_seconds += _PAUSE_SECONDS
        if self._limit_at is not None:
            self._move(self._limit_at + self._extra_seconds)
        try:
            yield
        finally:
            self._extra_seconds -= _PAUSE_SECONDS
            if self._limit_at is not None:
                self._limit_at += loop.time() - began_at
                self._move(self._limit_at + self._extra_seconds)

    def _move(self, when: float | None) -> None:
        if not self._timeout.expired():
            self._timeout.reschedule(when)


def too_late() -> Unavailable:
    """Return the error of what was not answered in time."""
    return Unavailable("the shop could not answer in time, try again", retry_after_seconds=1)


@asynccontextmanager
async def limited() -> AsyncIterator[None]:
    """Limit the time of a block to that of a request.

    Raises:
        Unavailable: the time is over.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except TimeoutError:
        raise too_late() from None


CURRENT: ContextVar[Limit | None] = ContextVar("deadline", default=None)
"""The limit of the request that the current task handles; transactions extend it."""


@contextmanager
def committing() -> Iterator[None]:
    """Keep the limit of the current request, if there is one, from interrupting a commit."""
    limit = CURRENT.get()
    if limit is None:
        yield
        return
    with limit.extended():
        yield


@contextmanager
def uncounted() -> Iterator[None]:
    """Exclude a block, which has a limit of its own, from the time of the current request."""
    limit = CURRENT.get()
    if not isinstance(limit, Deadline):
        yield
        return
    with limit.paused():
        yield
