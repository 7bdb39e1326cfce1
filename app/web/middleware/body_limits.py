"""Limits the size of the body and headers of a request, and the time to send the body."""

import asyncio
from collections import deque

from litestar import Request
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from app.core.limits import MAX_BODY_BYTES, MAX_BULK_BODY_BYTES
from app.errors import (
    InvalidInput,
    PayloadTooLarge,
    RequestTimeout,
    TooManyRequests,
)
from app.runtime.spread import Spread
from app.security.open_limits import OpenLimit
from app.web.middleware.client_address import network_of
from app.web.rendering.problems import send_refusal
from app.web.request_state import state_of

BODY_TIMEOUT_SECONDS = 15.0
SLOW_SECONDS = 1.0
"""A body that has not arrived after this time is slow."""
# The shares by which equal times are varied: a thousand refusals at once would delay other
# requests.
_SLOW_SPREAD, _TIMEOUT_SPREAD = 1.0, 0.3
MAX_SLOW_BODIES_PER_CLIENT = 50
MAX_SLOW_BODIES = 1_000
MAX_HEADER_LENGTH = 1_000
LARGE_BODIES = {"/api/v1/products/bulk": MAX_BULK_BODY_BYTES}
"""The maximum sizes of bodies for the routes that accept larger ones, by path."""

BOUNDED = {
    "GET": ("If-None-Match", "Last-Event-ID"),
    "POST": ("If-Match", "Prefer"),
    "PUT": ("If-Match",),
    "PATCH": ("If-Match", "Prefer"),
    "DELETE": ("If-Match",),
}
"""The headers of limited length, by method."""


async def require_short_headers(request: Request[object, object, State]) -> None:
    """Check the length of the headers that the route reads.

    Raises:
        InvalidInput: a header is too long.
    """
    for name in BOUNDED.get(request.method, ()):
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
        self._spread = Spread()
        self._slow = OpenLimit(
            "slow bodies",
            per_client=MAX_SLOW_BODIES_PER_CLIENT,
            in_total=MAX_SLOW_BODIES,
            retry_after_seconds=int(BODY_TIMEOUT_SECONDS),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within the limits."""
        if scope["type"] != ScopeType.HTTP or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        spread, now = self._spread.next(), asyncio.get_running_loop().time()
        slow_at = now + SLOW_SECONDS * (1 + _SLOW_SPREAD * spread)
        deadline = now + self._timeout_seconds * (1 - _TIMEOUT_SPREAD * spread)
        max_bytes = LARGE_BODIES.get(scope["path"], MAX_BODY_BYTES)
        body = _Body(scope, receive, self._slow, (slow_at, deadline), max_bytes)
        try:
            if scope["path"] in LARGE_BODIES:
                # The body is read when the route asks for it: only callers with the right may send
                # one.
                pass
            elif _has_image(scope):
                # Only a route for images reads the body, and has its own limits.
                state_of(scope).receive_file = receive
            elif _has_body(scope):
                await body.read()
        except (RequestTimeout, TooManyRequests) as refusal:
            await send_refusal(send, refusal)
        else:
            await self._app(scope, body.next_message, send)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _has_image(scope: Scope) -> bool:
    return any(
        name == b"content-type" and value.lower().startswith(b"image/")
        for name, value in scope["headers"]
    )


class _Body:
    """The messages of one request's body, read as a whole before the application is called.

    A slow body then costs no more than its connection.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        slow: OpenLimit,
        times: tuple[float, float],
        max_bytes: int,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._slow = slow
        self._slow_at, self._deadline = times
        self._max_bytes = max_bytes
        self._client: str | None = None
        self._refusal: TooManyRequests | None = None
        self._messages = deque[ReceiveMessage]()
        self._is_read = False
        self._is_too_large = False

    async def read(self) -> None:
        """Read until the body is complete or too large, or the client has disconnected.

        Raises:
            RequestTimeout: the body did not arrive in time.
            TooManyRequests: the body is slow, and too many others are.
        """
        self._is_read = True
        timeout = asyncio.timeout_at(self._deadline)
        counting = asyncio.get_running_loop().call_at(self._slow_at, self._count, timeout)
        try:
            async with timeout:
                await self._read()
        except TimeoutError as error:
            raise self._refusal or RequestTimeout("the body did not arrive in time") from error
        finally:
            counting.cancel()
            if self._client is not None:
                self._slow.leave(self._client)

    async def next_message(self) -> ReceiveMessage:
        """Return the next message, as the server does.

        Raises:
            RequestTimeout: the body did not arrive in time, or the client disconnected.
            TooManyRequests: the body is slow, and too many others are.
            PayloadTooLarge: the body is too large.
        """
        if not self._is_read:
            await self.read()
        if self._messages:
            message = self._messages.popleft()
            if message["type"] == "http.disconnect":
                # The framework would report it as an internal error.
                raise RequestTimeout("the client disconnected")
            return message
        if self._is_too_large:
            raise PayloadTooLarge(
                f"the body must have at most {self._max_bytes} bytes", max_bytes=self._max_bytes
            )
        return await self._receive()

    async def _read(self) -> None:
        size, is_complete = 0, False
        while not is_complete:
            message = await self._receive()
            if message["type"] == "http.request":
                size += len(message["body"])
                self._is_too_large = size > self._max_bytes
                is_complete = self._is_too_large or not message["more_body"]
            else:
                is_complete = True
            if not self._is_too_large:
                self._messages.append(message)

    def _count(self, timeout: asyncio.Timeout) -> None:
        client = network_of(self._scope)
        try:
            self._slow.enter(client)
        except TooManyRequests as refusal:
            self._refusal = refusal
            timeout.reschedule(asyncio.get_running_loop().time())
        else:
            self._client = client
