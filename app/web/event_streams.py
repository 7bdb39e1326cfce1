"""The event streams of a process: their limit, their waits and their end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from uuid import UUID

from app.runtime.spread import Spread
from app.security.open_limits import OpenLimit

MAX_STREAMS_PER_CLIENT = 100
MAX_STREAMS = 2_000
_POLL_SECONDS = 0.2
_RETRY_SECONDS = 30

Versions = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, int]]]


class EventStreams:
    """Waits for changes of operations, with one query for all streams."""

    def __init__(self, versions: Versions) -> None:
        self.limit = OpenLimit(
            "event streams",
            per_client=MAX_STREAMS_PER_CLIENT,
            in_total=MAX_STREAMS,
            retry_after_seconds=_RETRY_SECONDS,
        )
        self.is_stopping = False
        """Whether the process is stopping, and every stream with it."""
        self._versions = versions
        self._spread = Spread()
        self._waiting: dict[UUID, dict[asyncio.Future[bool], int]] = {}
        self._work = asyncio.Event()

    async def has_changed(self, operation_id: UUID, version: int, timeout_seconds: float) -> bool:
        """Wait until an operation has another version, and return True; False after about
        `timeout_seconds`.

        The times vary by half, so that streams that begin together do not all check their rights at
        once.
        """
        if self.is_stopping:
            return False
        future = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(operation_id, {})
        waiting[future] = version
        self._work.set()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds * (0.5 + self._spread.next())):
                    return bool(await future)
            return False
        finally:
            waiting.pop(future, None)
            if not waiting and self._waiting.get(operation_id) is waiting:
                del self._waiting[operation_id]

    async def watch(self) -> None:
        """Check once for changes of the operations that streams wait for."""
        await self._work.wait()
        await asyncio.sleep(_POLL_SECONDS)
        if not self._waiting:
            self._work.clear()
            return
        found = await self._versions(list(self._waiting))
        for operation_id, waiting in self._waiting.items():
            for future, version in waiting.items():
                if found.get(operation_id) != version and not future.done():
                    future.set_result(True)

    def stop(self) -> None:
        """End every stream at once."""
        self.is_stopping = True
        for waiting in self._waiting.values():
            for future in waiting:
                if not future.done():
                    future.set_result(False)
