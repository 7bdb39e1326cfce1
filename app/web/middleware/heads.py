"""Answers HEAD like GET, without the body (RFC 9110, section 9.3.2)."""

import asyncio

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

_GET, _HEAD = b"GET", b"HEAD"
# The statuses of responses that name the methods of a path.
_NAMING = frozenset({204, 405})


class Heads:
    """Wraps an application that handles GET, so that it also handles HEAD, and `Allow` lists it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; HEAD is served as GET."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
        elif scope["method"] != "HEAD":
            await self._app(scope, receive, _naming_head(send))
        else:
            response = _Bodiless(_naming_head(send))
            scope["method"] = "GET"
            try:
                await self._app(scope, response.receive, response.send)
            finally:
                scope["method"] = "HEAD"


class _Bodiless:
    """The messages of a response whose body is left out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._is_asked = False
        self._ended = asyncio.Event()

    async def receive(self) -> ReceiveMessage:
        """Return an empty body, and after the response a disconnection."""
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        # An event stream would otherwise continue without a reader.
        await self._ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send the head; with the first part of the body, the response ends."""
        if message["type"] == "http.response.start":
            await self._send(message)
        elif not self._ended.is_set():
            self._ended.set()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _naming_head(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in _NAMING:
            message["headers"] = [
                (name, _with_head(value) if name.lower() == b"allow" else value)
                for name, value in message["headers"]
            ]
        await send(message)

    return sending


def _with_head(allowed: bytes) -> bytes:
    methods = allowed.split(b", ")
    if _GET not in methods or _HEAD in methods:
        return allowed
    return b", ".join([*methods, _HEAD])
