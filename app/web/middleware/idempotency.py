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
from app.models import UserRole
from app.schemas.base import canonical_json
from app.security.principal import Caller
from app.security.tokens import digest_of
from app.services.system.idempotency_service import (
    Answer,
    IdempotencyService,
    KeyClaim,
    fingerprints_of,
    guest_name,
    refuses_rights,
)
from app.web.cart_tokens import CART_TOKEN
from app.web.request_state import state_of, take_claim
from app.web.respond_async import prefers_async
from app.web.route_options import Answers, has_guests, options_of
from app.wiring.areas.system import provide_idempotency
from app.wiring.resources import Shop

HEADER = "Idempotency-Key"
_KEY = re.compile(r'[\x21\x23-\x7e]{1,255}|"[\x21\x23-\x7e]{1,255}"')


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
        headers = Headers.from_scope(scope)
        header = headers.get(HEADER.lower())
        if header is None or not _may_store(scope, headers):
            await self._app(scope, receive, send)
            return
        key = _parse(header)
        body = await read_body(receive)
        shop: Shop = scope["litestar_app"].state.shop
        fingerprints = fingerprints_of(
            shop.tokens.keys, scope["method"], scope["path"], canonical_json(body)
        )
        claim = KeyClaim(*_owner_of(scope, headers), key, fingerprints)
        answers = options_of(scope["route_handler"]).answers
        if answers is Answers.STORED_BY_ROUTE and not prefers_async(headers):
            answer = await self._leave_to_route(scope, body, shop, claim)
        else:
            answer = await self._store(scope, body, shop, claim)
        await _send(answer, send)

    async def _leave_to_route(
        self, scope: Scope, body: bytes, shop: Shop, claim: KeyClaim
    ) -> Answer:
        """Return the response of a route that stores it, and reads the key from the state."""
        state_of(scope).claim = claim
        answer = await self._capture(scope, body, None)
        if take_claim(scope) is None or answer.status >= 500:
            return answer
        # The request was refused before the route could look for the first response.
        async with shop.database.write() as session:
            first = await provide_idempotency(session, shop).begin(claim)
        return answer if first is None else _repeated(scope, first, answer)

    async def _store(self, scope: Scope, body: bytes, shop: Shop, claim: KeyClaim) -> Answer:
        """Store the response of a route in the transaction of its effect, and return it."""
        known: Caller = scope["user"]
        async with shop.database.write() as session:
            replies = provide_idempotency(session, shop)
            is_page = state_of(scope).page is not None
            first = await (replies.begin_patiently if is_page else replies.begin)(claim)
            if first is None:
                return await self._first_answer(scope, body, session, replies, claim)
            if known.has_rights_of(first.role):
                return first.replayed()
            return _repeated(scope, first, await self._rehearse(scope, body, session))

    async def _first_answer(
        self,
        scope: Scope,
        body: bytes,
        session: AsyncSession,
        replies: IdempotencyService,
        claim: KeyClaim,
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
        await replies.finish(claim, answer)
        return answer

    async def _rehearse(self, scope: Scope, body: bytes, session: AsyncSession) -> Answer:
        """Return the response that the request would get now; its effect is rolled back."""
        effect = await session.begin_nested()
        try:
            return await self._capture(scope, body, session)
        finally:
            await effect.rollback()

    async def _capture(self, scope: Scope, body: bytes, session: AsyncSession | None) -> Answer:
        captured = _Captured()
        state_of(scope).session = session
        await self._app(scope, Replay(body), captured)
        # The response is not sent yet: if the commit fails, an error is sent instead.
        ScopeState.from_scope(scope).response_started = False
        return captured.answer()


class Replay:
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


def _may_store(scope: Scope, headers: Headers) -> bool:
    """Return whether the response may be stored: it has no secret, and the caller has access."""
    caller: Caller = scope["user"]
    options = options_of(scope["route_handler"])
    if has_guests(scope["route_handler"]) and CART_TOKEN.lower() not in headers:
        # An address does not identify a guest: another guest at it must not get the response.
        return options.has_stored_answers and not caller.is_anonymous
    return options.has_stored_answers and caller.may(options.access, options.scope)


def _owner_of(scope: Scope, headers: Headers) -> tuple[str, UserRole | None]:
    """Return the owner of the key of a request, and the role of the caller."""
    known: Caller = scope["user"]
    token = headers.get(CART_TOKEN.lower())
    if token is not None and has_guests(scope["route_handler"]):
        # The owner is the same with or without a log-in, and from any address.
        return guest_name(digest_of(token)), None
    return _name_of(scope, known), known.role


def _name_of(scope: Scope, known: Caller) -> str:
    # Anonymous callers share a name: the address separates their keys.
    return f"{known.name} {state_of(scope).address}" if known.is_anonymous else known.name


def _repeated(scope: Scope, first: Answer, now: Answer) -> Answer:
    """Return the first response, unless the caller has lost the right to it since then."""
    known: Caller = scope["user"]
    is_lost = refuses_rights(now.status) and not known.has_rights_of(first.role)
    return now if is_lost else first.replayed()


def form_claim(scope: Scope, fields: str) -> KeyClaim | None:
    """Return the key of a form whose route stores its effect, if the form has one.

    The key of a guest is not that of a cart, which the form may open.

    Raises:
        InvalidInput: the key is not valid.
    """
    key = key_of(Headers.from_scope(scope))
    if key is None:
        return None
    keys = scope["litestar_app"].state.shop.tokens.keys
    fingerprints = fingerprints_of(keys, "POST", scope["path"], fields.encode())
    return KeyClaim(_name_of(scope, scope["user"]), None, key, fingerprints)


def key_of(headers: Headers) -> str | None:
    """Return the key of a request whose route keeps it in a row, if it has one.

    Raises:
        InvalidInput: the key is not valid.
    """
    header = headers.get(HEADER.lower())
    return None if header is None else _parse(header)


def _parse(header: str) -> str:
    """Return the key without quotes, which the draft requires and most clients omit."""
    if not _KEY.fullmatch(header):
        raise InvalidInput(
            "the idempotency key is not valid",
            [{"header": HEADER, "detail": "must have 1 to 255 visible ASCII characters"}],
        )
    return header.strip('"')


async def read_body(receive: Receive) -> bytes:
    """Return the whole body of a request.

    Raises:
        RequestTimeout: the client disconnected.
    """
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
