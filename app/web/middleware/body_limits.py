"""Limits the size of the body and headers of a request, and the time to send the body."""

import asyncio

from litestar import Request
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from app.core.limits import MAX_BODY_BYTES
from app.core.spread import Spread
from app.errors import InvalidInput, PayloadTooLarge, RequestTimeout, TooManyRequests
from app.security.open_limits import OpenLimit
from app.web.middleware.client_address import network_of

BODY_TIMEOUT_SECONDS = 15.0
SLOW_SECONDS = 1.0
"""A body that has not arrived after this time is slow."""
# Shares of a time by which equal times differ: a thousand refusals at once would delay the others.
_SLOW_SPREAD, _TIMEOUT_SPREAD = 1.0, 0.3
MAX_SLOW_BODIES_PER_CLIENT = 50
MAX_SLOW_BODIES = 1_000
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
        body = _Bounded(scope, receive, self._slow, (slow_at, deadline))
        try:
            await self._app(scope, body, send)
        finally:
            body.close()


class _Bounded:
    """The messages of one request's body."""

    def __init__(
        self, scope: Scope, receive: Receive, slow: OpenLimit, times: tuple[float, float]
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._slow = slow
        self._slow_at, self._deadline = times
        self._loop = asyncio.get_running_loop()
        self._client: str | None = None
        self._refusal: TooManyRequests | None = None
        self._bytes = 0
        self._is_complete = False

    async def __call__(self) -> ReceiveMessage:
        if self._is_complete:
            return await self._receive()
        message = await self._arriving()
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
        if self._is_complete:
            self.close()
        return message

    def close(self) -> None:
        """End the count of a slow body."""
        if self._client is not None:
            self._slow.leave(self._client)
            self._client = None

    async def _arriving(self) -> ReceiveMessage:
        try:
            async with asyncio.timeout_at(self._deadline) as timeout:
                counting = None
                if self._client is None:
                    counting = self._loop.call_at(self._slow_at, self._count, timeout)
                try:
                    return await self._receive()
                finally:
                    if counting is not None:
                        counting.cancel()
        except TimeoutError as error:
            raise self._refusal or RequestTimeout("the body did not arrive in time") from error

    def _count(self, timeout: asyncio.Timeout) -> None:
        client = network_of(self._scope)
        try:
            self._slow.enter(client)
        except TooManyRequests as refusal:
            self._refusal = refusal
            timeout.reschedule(self._loop.time())
        else:
            self._client = client
