"""Background tasks of a process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from app.errors import Unavailable

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 15.0
_OUTAGE_SECONDS = 2.0
_CANCEL_AGAIN_SECONDS = 5.0


class GrowingPause:
    """Waits between attempts, doubling the wait each time up to a limit."""

    def __init__(self, first_seconds: float, longest_seconds: float) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._next_seconds = first_seconds

    async def rest(self) -> None:
        """Wait, and double the next wait."""
        seconds = self._next_seconds
        self._next_seconds = min(seconds * 2, self._longest_seconds)
        await asyncio.sleep(seconds)

    def reset(self) -> None:
        """Return to the shortest wait."""
        self._next_seconds = self._first_seconds


async def repeat(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run a background task repeatedly until cancelled, with a pause after each failure."""
    while True:
        try:
            await work()
        except Unavailable:
            # An outage needs no traceback, and no caller waits for a response here.
            await asyncio.sleep(_OUTAGE_SECONDS)
        except Exception:  # pylint: disable=broad-exception-caught  # an entry point of its own
            logger.exception("background task %s failed", name)
            await asyncio.sleep(_PAUSE_SECONDS)


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        # Repeated, because before Python 3.12 asyncio.wait_for, which libraries use, loses a
        # cancellation that arrives together with its result (python/cpython#86296).
        _, running = await asyncio.wait(running, timeout=_CANCEL_AGAIN_SECONDS)
