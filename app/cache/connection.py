"""One connection to Redis that all tasks of a process share (RESP3)."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis

TICK_SECONDS = 0.025
_MORE = object()


class RedisUnavailable(Exception):
    """Redis is unreachable, does not answer in time, or returns an error."""


class Connection(asyncio.Protocol):
    """Pipelines commands: sends them without waiting for earlier replies, which come in order.

    redis-py gives a connection to one task at a time, which makes a read cost four times as much.
    """

    def __init__(
        self,
        timeout_seconds: float,
        on_push: Callable[[list[Any]], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self.ticks = 0
        """How many times the timer has fired; it does not fire while this process is suspended."""
        self._patience = max(round(timeout_seconds / TICK_SECONDS), 1)
        self._on_push = on_push
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        self._waiting: deque[tuple[asyncio.Future[Any], int]] = deque()
        self._unsent: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def call(self, *command: Any) -> Any:
        """Send a command and return its answer.

        Raises:
            RedisUnavailable: no reply arrives in time, or it is an error.
        """
        if self._is_closed:
            raise RedisUnavailable("the connection is closed")
        answer = self._loop.create_future()
        self._waiting.append((answer, self.ticks))
        if not self._unsent:
            # Commands of other tasks in the same iteration of the event loop are sent with it.
            self._loop.call_soon(self._flush)
        self._unsent.append(hiredis.pack_command(command))
        return await answer

    def close(self, reason: str = "closed") -> None:
        """Close the connection and fail all pending commands."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        while self._waiting:
            answer, _ = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(RedisUnavailable(reason))
        self._on_lost(reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start checking for replies that are late."""
        # uvloop's transport is not a subclass of asyncio.Transport.
        self._transport = cast(asyncio.Transport, transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail all pending commands."""
        self.close(str(exc) if exc else "Redis closed the connection")

    def data_received(self, data: bytes) -> None:
        """Pass every reply to its command and every push to the handler of pushes."""
        try:
            self._reader.feed(data)
            while (answer := self._reader.gets()) is not _MORE:
                if isinstance(answer, hiredis.PushNotification):
                    self._on_push(answer)
                else:
                    self._hand_over(answer)
        except (hiredis.ProtocolError, IndexError) as error:
            self.close(f"unexpected reply from Redis: {error}")

    def _hand_over(self, answer: Any) -> None:
        waiting, _ = self._waiting.popleft()
        if waiting.done():
            return
        if isinstance(answer, hiredis.ReplyError):
            waiting.set_exception(RedisUnavailable(str(answer)))
        else:
            waiting.set_result(answer)

    def _flush(self) -> None:
        sent, self._unsent = b"".join(self._unsent), []
        if self._transport is not None and not self._is_closed:
            self._transport.write(sent)

    def _watch(self) -> None:
        """Close the connection when the oldest pending reply is late.

        Time is counted in ticks, not by the clock: if this process was suspended, Redis is
        not at fault, and the replies that arrived meanwhile are read before the next tick.
        """
        self.ticks += 1
        if self._waiting and self.ticks - self._waiting[0][1] > self._patience:
            self.close("Redis does not answer in time")
        else:
            self._timer = self._loop.call_later(TICK_SECONDS, self._watch)
