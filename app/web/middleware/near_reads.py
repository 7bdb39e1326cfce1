"""Answers public reads of cached representations and of products before the router.

It exists only for speed: to route a request, to open and close the dependencies of its handler and
to limit its time costs several times as much as a read from memory, and most requests to a shop are
such reads. A request is answered here only after the router has answered the same path and query,
or the same with another id at the end of the path, with a cached representation, for any caller;
the cache decides each time whether it is still valid. A kind of `Shop.loads` is also read from the
database. This middleware waits only for Redis and for such a read, which limit their own time.
"""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from msgspec import Struct

from app.cache.cache import Cache, Found, Read
from app.cache.kind import Kind
from app.errors import DomainError
from app.security.principal import Access
from app.services.system.idempotency_service import Answer
from app.web.middleware.body_limits import BOUNDED, MAX_HEADER_LENGTH
from app.web.rendering.problems import send_refusal, send_unexpected
from app.web.rendering.responses import cached_answer
from app.web.request_state import first_headers, state_of
from app.web.route_options import options_of
from app.wiring.resources import LoadById, Shop

_MAX_QUERY_LENGTH = 256
_BOUNDED = tuple(name.lower().encode() for name in BOUNDED["GET"])
_JSON = (b"content-type", b"application/json")
# The only form that a key in the cache has.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MAX_ROUTES = 256

_Target = tuple[str, bytes]
_Value = TypeVar("_Value")


class _Known(Struct, frozen=True):
    """The cached representation that the router has used for a path and query."""

    path_template: str
    read: Read
    show: Callable[[], Awaitable[Found]] | None = None
    """Reads a resource from the database, too, if that can be done here."""


class _Route(Struct, frozen=True):
    """What the router does for a path that ends with an id, and a query."""

    path_template: str
    kind: Kind
    key_end: str
    load: LoadById | None

    def of(self, subject_id: str, cache: Cache) -> _Known:
        """Return what the router does for an id."""
        tag = self.kind.tag(subject_id)
        read = Read(self.kind, tag, tag + self.key_end)
        if self.load is None:
            return _Known(self.path_template, read)
        whose = UUID(subject_id), self.key_end[1:] or None
        show = partial(cache.show, self.kind, *whose, partial(self.load, *whose))
        return _Known(self.path_template, read, show)


class NearReads:
    """Middleware that answers cached reads, and passes all other requests on."""

    def __init__(self, app: ASGIApp, shop: Shop) -> None:
        self._app = app
        self._shop = shop
        self._known: dict[_Target, _Known] = {}
        self._routes: dict[_Target, _Route] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request from the cache, or pass it to the application."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        target = scope["path"], scope["query_string"]
        known = self._known.get(target) or self._known_by_id(target)
        if known is None or not await self._is_answered(known, scope, send):
            await self._app(scope, receive, send)
            self._remember(target, scope)

    async def _is_answered(self, known: _Known, scope: HTTPScope, send: Send) -> bool:
        """Answer a request if the application is not needed, and return whether it is answered."""
        try:
            answer = await self._answer(known, scope)
        except DomainError as refusal:
            scope["path_template"] = known.path_template
            await send_refusal(send, refusal)
            return True
        except Exception as error:  # pylint: disable=broad-exception-caught  # it is reported
            scope["path_template"] = known.path_template
            await send_unexpected(scope, send, error)
            return True
        if answer is None:
            return False
        # The metrics and the trace read this value, which the router otherwise sets.
        scope["path_template"] = known.path_template
        headers = [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in answer.headers.items()
        ]
        if answer.status == 200:
            headers += (_JSON, (b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})
        return True

    async def _answer(self, known: _Known, scope: HTTPScope) -> Answer | None:
        self._shop.notice_changes()
        headers = first_headers(scope)
        # The application refuses these requests.
        if any(len(headers.get(name, b"")) > MAX_HEADER_LENGTH for name in _BOUNDED):
            return None
        cache = self._shop.cache
        found = cache.find_near(known.read)
        if found is None:
            found = await (known.show() if known.show else cache.find_in_redis(known.read))
        if found is None:
            # The application asks Redis again, which is too much for every request for an unknown
            # resource.
            self._known.pop((scope["path"], scope["query_string"]), None)
            return None
        if_none_match = headers.get(b"if-none-match")
        return cached_answer(
            found,
            headers.get(b"accept-encoding", b"").decode("latin-1"),
            None if if_none_match is None else if_none_match.decode("latin-1"),
        )

    def _remember(self, target: _Target, scope: HTTPScope) -> None:
        found = state_of(scope).found
        if found is None or found.read is None or self._shop.cache.near is None:
            return
        # The router changes the path of some requests; the log shows the changed path.
        is_plain = scope["path"] == target[0] and len(target[1]) <= _MAX_QUERY_LENGTH
        if not is_plain or options_of(scope["route_handler"]).access is not Access.PUBLIC:
            return
        template, read = scope["path_template"], found.read
        known = _Known(template, read)
        start, _, subject_id = target[0].rpartition("/")
        if read.tag == read.kind.tag(subject_id) and read.key.startswith(read.tag):
            load = self._shop.loads.get(read.kind)
            route = _Route(template, read.kind, read.key.removeprefix(read.tag), load)
            _put(self._routes, (start, target[1]), route, _MAX_ROUTES)
            known = route.of(subject_id, self._shop.cache)
        _put(self._known, target, known, self._shop.settings.cache_max_entries)

    def _known_by_id(self, target: _Target) -> _Known | None:
        start, _, subject_id = target[0].rpartition("/")
        route = self._routes.get((start, target[1]))
        if route is None or not _ID.fullmatch(subject_id):
            return None
        return route.of(subject_id, self._shop.cache)


def _put(index: dict[_Target, _Value], target: _Target, value: _Value, most: int) -> None:
    index.pop(target, None)
    if len(index) >= most:
        del index[next(iter(index))]
    index[target] = value
