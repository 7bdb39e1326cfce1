"""How many of the requests that arrive together begin in one turn of the event loop."""

import asyncio
import time
from collections import deque

_TURN_SECONDS = 0.005
_FIRST, _MAX = 8, 32
# A clock may not have moved.
_LEAST_SECONDS = 1e-9


class Turns:
    """Lets few begin in each turn of the event loop, so that other work is not delayed.

    The others wait for the next turns, in the order in which they asked. The number follows from
    the time that those of the turn before took.
    """

    def __init__(self, turn_seconds: float = _TURN_SECONDS) -> None:
        self._turn_seconds = turn_seconds
        self._most = _FIRST
        self._begun = 0
        self._began_at = 0.0
        self._waiting = deque[asyncio.Future[None]]()

    async def begin(self) -> None:
        """Return in this turn of the loop, or in the first that has a place."""
        if self._begun < self._most and not self._waiting:
            self._begin(1)
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def _begin(self, count: int) -> None:
        if not self._begun:
            self._began_at = time.perf_counter()
            asyncio.get_running_loop().call_soon(self._end)
        self._begun += count

    def _end(self) -> None:
        """End a turn, and let those who wait begin the next one."""
        seconds = max(time.perf_counter() - self._began_at, _LEAST_SECONDS)
        fitting = int(self._turn_seconds * self._begun / seconds)
        self._most = min(max(fitting, 1), _MAX, 2 * self._most)
        self._begun = 0
        released = 0
        while self._waiting and released < self._most:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                released += 1
        if released:
            self._begin(released)
