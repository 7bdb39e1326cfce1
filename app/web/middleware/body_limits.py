"""Limits the size of the body and headers of a request, and the time to send the body."""

import asyncio

from litestar import Request
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from app.core.limits import MAX_BODY_BYTES
from app.errors import InvalidInput, PayloadTooLarge, RequestTimeout

BODY_TIMEOUT_SECONDS = 15.0
MAX_HEADER_LENGTH = 1_000

_BOUNDED = {
    "GET": ("If-None-Match", "Last-Event-ID"),
    "POST": ("Prefer",),
    "PATCH": ("If-Match", "Prefer"),
}


async def require_short_headers(request: Request[object, object, State]) -> None:
    """Check the length of the headers that the route reads.

    Raises:
        InvalidInput: a header is too long.
    """
    for name in _BOUNDED.get(request.method, ()):
        if len(request.headers.get(name, "")) > MAX_HEADER_LENGTH:
            raise InvalidInput(
                "the request is not valid",
                [{"header": name, "detail": f"must have at most {MAX_HEADER_LENGTH} characters"}],
            )


class BodyLimits:
    """Middleware that refuses a body that is too large or too slow, while it is read.

    The server itself has no time limit for a body.
    """

    def __init__(self, app: ASGIApp, timeout_seconds: float = BODY_TIMEOUT_SECONDS) -> None:
        self._app = app
        self._timeout_seconds = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within the limits."""
        if scope["type"] != ScopeType.HTTP or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
        else:
            await self._app(scope, _Bounded(receive, self._timeout_seconds), send)


class _Bounded:
    """The messages of one request's body."""

    def __init__(self, receive: Receive, timeout_seconds: float) -> None:
        self._receive = receive
        self._deadline = asyncio.get_running_loop().time() + timeout_seconds
        self._bytes = 0
        self._is_complete = False

    async def __call__(self) -> ReceiveMessage:
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise RequestTimeout("the body did not arrive in time") from error
        if message["type"] == "http.disconnect":
            # The framework would report an internal error.
            raise RequestTimeout("the client disconnected")
        if message["type"] == "http.request":
            self._bytes += len(message["body"])
            self._is_complete = not message["more_body"]
            if self._bytes > MAX_BODY_BYTES:
                raise PayloadTooLarge(
                    f"the body must have at most {MAX_BODY_BYTES} bytes",
                    max_bytes=MAX_BODY_BYTES,
                )
        return message
