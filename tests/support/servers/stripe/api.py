"""The HTTP interface of the stub of Stripe: keys, idempotency, faults and responses."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
from litestar.types import Receive, Scope, Send

from tests.support.servers.stripe.books import Books
from tests.support.servers.stripe.faults import Fault, Faults
from tests.support.servers.stripe.intents import Intents
from tests.support.servers.stripe.objects import Object
from tests.support.servers.stripe.parameters import read_form
from tests.support.servers.stripe.refusals import (
    Refused,
    invalid,
    key_in_use,
    missing,
    other_parameters,
    rate_limited,
    unknown_key,
)

_ERROR = {"error": {"type": "api_error", "message": "An unknown error occurred."}}
_ID = r"/([A-Za-z0-9_]+)"
_LONGEST_KEY = 255
_CUTS = (Fault.CUT_BEFORE, Fault.CUT_AFTER)

Route = tuple[str, re.Pattern[str], Callable[..., Object]]


class Api:
    """Handles the requests of `/v1`, each in one transaction."""

    def __init__(self, books: Books, intents: Intents, faults: Faults) -> None:
        self._books = books
        self._intents = intents
        self._faults = faults
        self._in_use: set[str] = set()
        self.exchanges: list[Object] | None = None
        """The requests and responses, if they are recorded."""
        intent = f"/v1/payment_intents{_ID}"
        self._routes: list[Route] = [
            _route("POST", "/v1/payment_intents", intents.create),
            _route("GET", "/v1/payment_intents", self._list("payment_intent")),
            _route("GET", intent, self._get("payment_intent", "intent")),
            _route("POST", f"{intent}/confirm", lambda given, it: intents.confirm(it, given)),
            _route("POST", f"{intent}/capture", lambda given, it: intents.capture(it, given)),
            _route("POST", f"{intent}/cancel", lambda given, it: intents.cancel(it, given)),
            _route("POST", "/v1/refunds", intents.refund),
            _route("GET", "/v1/refunds", self._list("refund")),
            _route("GET", f"/v1/refunds{_ID}", self._get("refund", "refund")),
            _route("GET", f"/v1/charges{_ID}", self._get("charge", "charge")),
            _route("GET", "/v1/events", self._list("event")),
            _route("GET", f"/v1/events{_ID}", self._get("event", "id")),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle an ASGI request."""
        asked: Any = scope
        method, path = asked["method"], asked["raw_path"].decode()
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        text = scope["query_string"].decode()
        if method == "POST":
            text = (await _body_of(receive)).decode()
        fault = self._faults.take(method, path)
        key = headers.get("idempotency-key") if method == "POST" else None
        status, body, is_replayed = await self._answer(
            (method, path, text), headers.get("authorization", ""), key, fault
        )
        self._record(method, path, text, status, body)
        if fault is Fault.SLOW_AFTER:
            await asyncio.sleep(self._faults.slow_seconds)
        answered = _headers(status, key, is_replayed=is_replayed)
        await _send(send, status, answered, body, is_cut=fault in _CUTS)

    async def _answer(
        self, request: tuple[str, str, str], authorization: str, key: str | None, fault: Any
    ) -> tuple[int, bytes, bool]:
        if fault in (Fault.CUT_BEFORE, Fault.ERROR_BEFORE):
            return 500, msgspec.json.encode(_ERROR), False
        try:
            if fault is Fault.LIMITED:
                raise rate_limited()
            token = authorization.removeprefix("Bearer ")
            if not token.startswith(("sk_test_", "rk_test_")):
                raise unknown_key(token)
            if key is not None and len(key) > _LONGEST_KEY:
                raise invalid("Idempotency keys can be at most 255 characters long.")
            if key in self._in_use:
                raise key_in_use(str(key))
        except Refused as refused:
            return refused.status, _refusal(refused), False
        if fault is Fault.SLOW_BEFORE:
            self._in_use.add(str(key))
            try:
                await asyncio.sleep(self._faults.slow_seconds)
            finally:
                self._in_use.discard(str(key))
        with self._books.transaction(key):
            return self._do_once(request, key, fault)

    def _do_once(
        self, request: tuple[str, str, str], key: str | None, fault: Any
    ) -> tuple[int, bytes, bool]:
        digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
        if key is not None and (stored := self._books.answer_of(key)) is not None:
            if stored[0] != digest:
                refused = other_parameters(key)
                return refused.status, _refusal(refused), False
            return stored[1], stored[2], True
        is_stored = True
        if fault is Fault.ERROR_STORED:
            status, body = 500, msgspec.json.encode(_ERROR)
        else:
            try:
                status, body = 200, msgspec.json.encode(self._do(*request))
            except Refused as refused:
                status, body, is_stored = refused.status, _refusal(refused), refused.is_stored
        if fault is Fault.ERROR_AFTER:
            status, body = 500, msgspec.json.encode(_ERROR)
        if key is not None and is_stored:
            self._books.store_answer(key, digest, status, body)
        return status, body, False

    def _do(self, method: str, path: str, text: str) -> Object:
        given = read_form(text)
        for verb, pattern, endpoint in self._routes:
            if verb == method and (match := pattern.fullmatch(path)):
                return self._intents.expanded(endpoint(given, *match.groups()), given)
        raise Refused(f"Unrecognized request URL ({method}: {path}).", status=404, is_stored=False)

    def _record(self, *exchange: Any) -> None:
        if self.exchanges is not None:
            method, path, text, status, body = exchange
            asked = {"method": method, "path": path, "given": read_form(text)}
            self.exchanges.append(asked | {"status": status, "body": msgspec.json.decode(body)})

    def _list(self, kind: str) -> Callable[..., Object]:
        return lambda given: self._intents.page(given, kind, f"/v1/{kind}s")

    def _get(self, kind: str, param: str) -> Callable[..., Object]:
        def get(_given: Object, identifier: str) -> Object:
            found = self._books.get(kind, identifier)
            if found is None:
                raise missing(kind, identifier, param)
            return found

        return get


def _route(method: str, pattern: str, endpoint: Callable[..., Object]) -> Route:
    return method, re.compile(pattern), endpoint


def _headers(status: int, key: str | None, *, is_replayed: bool) -> dict[str, str]:
    headers = {"content-type": "application/json", "request-id": f"req_{uuid4().hex[:14]}"}
    if key is not None:
        headers["idempotency-key"] = key
    if is_replayed:
        headers["idempotent-replayed"] = "true"
    if status == 429:
        headers["stripe-should-retry"] = "true"
    return headers


def _refusal(refused: Refused) -> bytes:
    return msgspec.json.encode({"error": refused.error})


async def _body_of(receive: Receive) -> bytes:
    body, has_more = b"", True
    while has_more:
        message: Any = await receive()
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
    return body


async def _send(
    send: Send, status: int, headers: dict[str, str], body: bytes, *, is_cut: bool
) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    if is_cut:
        await send({"type": "http.response.body", "body": body[:1], "more_body": True})
        raise ConnectionAbortedError("cut, as ordered")
    await send({"type": "http.response.body", "body": body, "more_body": False})
