"""How much of what arrives together is begun in one turn of the event loop."""

import asyncio
from collections import deque


class Turns:
    """Lets few begin in each turn of the event loop, so that what does not ask is not held up.

    The others wait for the next turns, in the order in which they asked.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun = 0
        self._waiting = deque[asyncio.Future[None]]()

    async def begin(self) -> None:
        """Return in this turn of the loop, or in the first that has a place."""
        if self._begun < self._most:
            if not self._begun:
                asyncio.get_running_loop().call_soon(self._next)
            self._begun += 1
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def _next(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < self._most:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                self._begun += 1
        if self._begun:
            asyncio.get_running_loop().call_soon(self._next)
