"""Limits how long a caller waits, and cancels the request of a caller who has disconnected."""

import asyncio
import logging

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from litestar.types.asgi_types import HTTPRequestEvent, ReceiveMessage

from app.database.deadline import CURRENT, Deadline, too_late
from app.web.rendering.problems import send_refusal

logger = logging.getLogger(__name__)

_WATCH_AFTER_SECONDS = 0.5
_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})


class TimeLimit:
    """Wraps an application: a request that is not answered in time is refused with 503.

    The time in which the caller sends the body is not counted. The limit ends when the answer
    begins.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within the limit."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        timeout = asyncio.timeout(None)
        deadline = Deadline(timeout)
        request = _Request(scope, receive, send, deadline)
        token = CURRENT.set(deadline)
        try:
            async with timeout:
                await self._app(scope, request.receive, request.send)
        except TimeoutError:
            if not timeout.expired():
                raise
        finally:
            CURRENT.reset(token)
            request.end()
        if timeout.expired() and not request.is_gone:
            logger.warning("%s %r was not answered in time", scope["method"], scope["path"])
            await send_refusal(send, too_late())


class _Request:
    """The messages of one request, its limit, and the watch for a disconnection.

    The limit and the watch begin when the request has taken some time: most requests end sooner,
    and cost one timer.
    """

    __slots__ = (
        "_began_at",
        "_deadline",
        "_is_complete",
        "_is_receiving",
        "_leaving",
        "_receive",
        "_scope",
        "_send",
        "_timer",
        "_unread",
        "is_gone",
    )

    def __init__(self, scope: HTTPScope, receive: Receive, send: Send, deadline: Deadline) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._deadline = deadline
        self._is_complete = False
        self._is_receiving = False
        self._unread: HTTPRequestEvent | None = None
        self._leaving: asyncio.Task[ReceiveMessage] | None = None
        self.is_gone = False
        loop = asyncio.get_running_loop()
        self._began_at = loop.time()
        self._timer: asyncio.TimerHandle | None = loop.call_later(_WATCH_AFTER_SECONDS, self._watch)

    def end(self) -> None:
        """End the watch."""
        if self._timer is not None:
            self._timer.cancel()
        if self._leaving is not None:
            self._leaving.cancel()

    async def receive(self) -> ReceiveMessage:
        """Receive the next message, which the watch may have received already."""
        if self._unread is not None:
            unread, self._unread = self._unread, None
            return unread
        if self._leaving is not None:
            return await asyncio.shield(self._leaving)
        if self._is_complete:
            return await self._next()
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        self._deadline.lift()
        self._is_receiving = True
        message = await self._next()
        self._is_receiving = False
        self._is_complete = message["type"] != "http.request" or not message["more_body"]
        self._began_at += loop.time() - asked_at
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the answer, which ends the limit and the watch."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._deadline.lift()
        await self._send(message)

    def _watch(self) -> None:
        if not self._is_receiving:
            self._deadline.start(self._began_at)
        if not self._is_complete:
            if any(name in _BODY_HEADERS for name, _ in self._scope["headers"]):
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(_WATCH_AFTER_SECONDS, self._watch)
                return
            self._is_complete = True
            self._unread = {"type": "http.request", "body": b"", "more_body": False}
        self._leaving = asyncio.ensure_future(self._wait_for_leaving())
        self._leaving.add_done_callback(self._abandon)

    async def _wait_for_leaving(self) -> ReceiveMessage:
        while (message := await self._next())["type"] != "http.disconnect":
            pass
        return message

    async def _next(self) -> ReceiveMessage:
        try:
            return await self._receive()
        except asyncio.CancelledError:
            # When the server stops, it cancels the future that this awaits, and not this task.
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            return {"type": "http.disconnect"}

    def _abandon(self, leaving: "asyncio.Task[ReceiveMessage]") -> None:
        if not leaving.cancelled():
            self.is_gone = True
            self._deadline.abandon()
