"""Work that goes on beside the requests of a process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from app.errors import Unavailable

logger = logging.getLogger(__name__)

_REST_SECONDS = 15.0
_INSIST_SECONDS = 5.0


class GrowingPause:
    """Waits between attempts, twice as long each time, up to a limit."""

    def __init__(self, first_seconds: float, longest_seconds: float) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._next_seconds = first_seconds

    async def rest(self) -> None:
        """Wait; the next time, longer."""
        seconds = self._next_seconds
        self._next_seconds = min(seconds * 2, self._longest_seconds)
        await asyncio.sleep(seconds)

    def reset(self) -> None:
        """Begin with the shortest wait again."""
        self._next_seconds = self._first_seconds


async def repeat(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do a piece of work again and again, until cancelled; after a failure, rest a while."""
    while True:
        try:
            await work()
        except Unavailable:
            # Whoever asks the shop for something is told; here nobody waits.
            await asyncio.sleep(_REST_SECONDS)
        except Exception:  # pylint: disable=broad-exception-caught  # an entry point of its own
            logger.exception("%s: failed because of a fault of the shop's own", name)
            await asyncio.sleep(_REST_SECONDS)


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        # More than once: until Python 3.12 asyncio.wait_for, which libraries use, loses one that
        # comes together with what it waits for (python/cpython#86296).
        _, running = await asyncio.wait(running, timeout=_INSIST_SECONDS)
