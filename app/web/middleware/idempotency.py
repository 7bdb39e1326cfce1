"""Replays the first response to a POST that is repeated with the same `Idempotency-Key`."""

import re
from typing import cast

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPRequestEvent,
    HTTPResponseStartEvent,
    Message,
    Receive,
    Scope,
    Send,
)
from litestar.utils.scope.state import ScopeState

from app.database.sessions import AsyncSession
from app.errors import InvalidInput, RequestTimeout
from app.schemas.base import canonical_json
from app.security.principal import Caller
from app.services.system.idempotency_service import Answer, IdempotencyService
from app.web.request_state import state_of
from app.web.route_options import options_of
from app.wiring.resources import Shop
from app.wiring.system import provide_idempotency

HEADER = "Idempotency-Key"
_KEY = re.compile(r'[\x21\x23-\x7e]{1,255}|"[\x21\x23-\x7e]{1,255}"')
_STORED_HEADERS = ("content-type", "location", "etag")
# Responses that do not describe an effect: the same request may succeed next time.
_NOT_STORED = frozenset({400, 401, 403, 408, 413, 415, 422, 429})
# What a caller is answered who may not do something, or not see what it is done to. Other refusals
# of a repeated request say that its effect exists.
_REFUSES_RIGHTS = frozenset({400, 401, 403, 404})


class Idempotency:
    """Opens the transaction of a request with a key, and stores its response in it.

    A crash before the commit leaves neither effect nor response, a crash after it leaves both.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or send the stored response to it."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        header = Headers.from_scope(scope).get(HEADER.lower())
        if header is None or not _may_store(scope):
            await self._app(scope, receive, send)
            return
        key = _parse(header)
        body = await _read(receive)
        # Anonymous callers share a name: the address separates their keys.
        known: Caller = scope["user"]
        caller = f"{known.name} {state_of(scope).address}" if known.is_anonymous else known.name
        shop: Shop = scope["litestar_app"].state.shop
        async with shop.database.write() as session:
            replies = provide_idempotency(session, shop)
            fingerprints = replies.fingerprints_of(
                scope["method"], scope["path"], canonical_json(body)
            )
            answer = await replies.begin(caller, known.role, key, fingerprints)
            if answer is None:
                identity = (caller, key, fingerprints[0])
                answer = await self._first_answer(scope, body, session, replies, identity)
            elif known.has_rights_of(answer.role):
                answer.headers["idempotency-replayed"] = "true"
            else:
                answer = await self._answer_to_fewer_rights(scope, body, session, answer)
        await _send(answer, send)

    async def _first_answer(
        self,
        scope: Scope,
        body: bytes,
        session: AsyncSession,
        replies: IdempotencyService,
        identity: tuple[str, str, bytes],
    ) -> Answer:
        effect = await session.begin_nested()
        try:
            answer = await self._capture(scope, body, session)
        except BaseException:
            await effect.rollback()
            raise
        if answer.status >= 500:
            # There is nothing to commit, and perhaps no connection to commit on.
            await session.rollback()
            return answer
        # A refusal is stored too, but its changes are rolled back.
        await (effect.commit() if answer.status < 400 else effect.rollback())
        if answer.status not in _NOT_STORED:
            headers = {
                name: value for name, value in answer.headers.items() if name in _STORED_HEADERS
            }
            role = cast("Caller", scope["user"]).role
            await replies.finish(*identity, Answer(answer.status, headers, answer.body, role))
        return answer

    async def _answer_to_fewer_rights(
        self, scope: Scope, body: bytes, session: AsyncSession, first: Answer
    ) -> Answer:
        """Return the first response, unless the caller would now be refused it.

        The request is executed again to find out, and its effect rolled back.
        """
        effect = await session.begin_nested()
        try:
            answer = await self._capture(scope, body, session)
        finally:
            await effect.rollback()
        if answer.status in _REFUSES_RIGHTS or answer.status >= 500:
            return answer
        first.headers["idempotency-replayed"] = "true"
        return first

    async def _capture(self, scope: Scope, body: bytes, session: AsyncSession) -> Answer:
        captured = _Captured()
        state_of(scope).session = session
        await self._app(scope, _Replay(body), captured)
        # The response is not sent yet: if the commit fails, an error is sent instead.
        ScopeState.from_scope(scope).response_started = False
        return captured.answer()


class _Replay:
    """A `receive` that returns a body that has been read."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __call__(self) -> HTTPRequestEvent:
        return {"type": "http.request", "body": self._body, "more_body": False}


class _Captured:
    """A `send` that buffers a response until its transaction is committed."""

    def __init__(self) -> None:
        self._start: HTTPResponseStartEvent | None = None
        self._chunks: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._chunks.append(message["body"])

    def answer(self) -> Answer:
        """Return the buffered response."""
        start = cast("HTTPResponseStartEvent", self._start)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in start["headers"]
        }
        return Answer(start["status"], headers, b"".join(self._chunks))


def _may_store(scope: Scope) -> bool:
    """Return whether the response may be stored: it has no secret, and the caller has access."""
    caller: Caller = scope["user"]
    options = options_of(scope["route_handler"])
    return not options.is_secret and caller.may(options.access, options.scope)


def _parse(header: str) -> str:
    """Return the key without quotes, which the draft requires and most clients omit."""
    if not _KEY.fullmatch(header):
        raise InvalidInput(
            "the idempotency key is not valid",
            [{"header": HEADER, "detail": "must have 1 to 255 visible ASCII characters"}],
        )
    return header.strip('"')


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise RequestTimeout("the client disconnected")
        chunks.append(message["body"])
        if not message["more_body"]:
            return b"".join(chunks)


async def _send(answer: Answer, send: Send) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()
    ]
    if "content-length" not in answer.headers:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
