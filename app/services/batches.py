"""Handles waiting items together."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Batches(Generic[Item]):
    """Passes waiting items to a function, at most `most` of them together.

    Items that are added while a batch is handled form the next one. There is no timer: an item does
    not wait if fewer than `at_once` batches are handled.
    """

    def __init__(
        self, handle: Callable[[Sequence[Item]], Awaitable[None]], most: int, *, at_once: int = 1
    ) -> None:
        self._handle = handle
        self._most = most
        self._at_once = at_once
        self._waiting: list[Item] = []
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, item: Item) -> None:
        """Add an item to the next batch."""
        self._waiting.append(item)
        if self._running < self._at_once:
            self._running += 1
            self.start(self._run())

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start work that does not end with the request that has caused it."""
        # The task gets an empty context: the limit and the trace of one request are not those of
        # others.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[: self._most]
                del self._waiting[: self._most]
                await self._handle(batch)
        finally:
            self._running -= 1
