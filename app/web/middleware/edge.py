"""The outermost middleware: it applies to every response, errors included."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from app.errors import DomainError, InvalidInput
from app.observability.access_log import AccessLog
from app.observability.http_metrics import UNKNOWN_ROUTE, HttpMetrics
from app.observability.request_ids import bound_request_id, new_request_id, sane_request_id
from app.observability.tracing import fail_span, is_tracing, span
from app.runtime.turns import Turns
from app.security.rate_limits import LocalCounter
from app.settings import Settings
from app.web.middleware.client_address import ClientAddresses, network_of
from app.web.middleware.cors import HeaderList, Origins, preflight_headers
from app.web.middleware.page_paths import is_page
from app.web.middleware.plain_paths import require_plain_path
from app.web.policies import PERMISSIONS, pages_policy
from app.web.rendering.problems import send_refusal
from app.web.request_state import RequestState, begin_state, first_headers, state_of

logger = logging.getLogger(__name__)

_API = "/api/"
_DOCS = "/docs"
_HEALTH = "/health/"
# Repeated refusals may be an attack, and are logged.
_LOGGED_STATUSES = frozenset({401, 403, 429})
# OWASP, REST Security Cheat Sheet, for responses that are not pages.
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_API_POLICY = b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
# Swagger UI uses inline styles, and icons in data: URLs.
_DOCS_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
_PERMISSIONS = (b"permissions-policy", PERMISSIONS.format(payment="").encode())
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

_Headers = Mapping[bytes, bytes]


class Edge:
    """Middleware for host names, rate limits, CORS, tracing, metrics and response headers."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        metrics: HttpMetrics,
        access_log: AccessLog | None = None,
    ) -> None:
        self._app = app
        self._access_log = access_log
        self._metrics = metrics
        self._hosts = frozenset(name.lower() for name in settings.allowed_hosts)
        self._origins = Origins(settings.cors_origins)
        self._addresses = ClientAddresses(settings.trusted_proxies)
        self._limit = settings.rate_limit_per_minute
        self._counter = LocalCounter()
        self._turns = Turns()
        self._is_production = settings.environment == "production"
        self._pages_policy = pages_policy(settings).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it before it reaches the application."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        if not scope["path"].startswith(_HEALTH):
            await self._turns.begin()
        headers = first_headers(scope)
        request_id = sane_request_id(_text(headers, b"x-request-id")) or new_request_id()
        state = RequestState(request_id, self._addresses.of(scope))
        begin_state(scope, state)
        try:
            with bound_request_id(request_id):
                if is_tracing() and not scope["path"].startswith(_HEALTH):
                    await self._trace(scope, headers, receive, send)
                else:
                    await self._serve(scope, headers, receive, send)
        finally:
            # Without a response, because the client disconnected, there is nothing to count.
            if state.status is not None:
                route = scope.get("path_template", UNKNOWN_ROUTE)
                seconds = time.perf_counter() - began
                self._metrics.count(scope["method"], route, state.status, seconds)
                if self._access_log is not None:
                    self._access_log.request(
                        scope["method"],
                        scope["path"],
                        state.status,
                        seconds,
                        request_id,
                        state.address,
                    )

    async def _trace(
        self, scope: HTTPScope, headers: _Headers, receive: Receive, send: Send
    ) -> None:
        with span(scope["method"], "SERVER", Headers.from_scope(scope)) as current:
            await self._serve(scope, headers, receive, send)
            # The path template is known only after routing.
            route, status = scope.get("path_template", UNKNOWN_ROUTE), state_of(scope).status
            current.update_name(f"{scope['method']} {route}")
            current.set_attribute("http.request.method", scope["method"])
            current.set_attribute("http.route", route)
            if status is not None:
                current.set_attribute("http.response.status_code", status)
            if status is not None and status >= 500:
                fail_span(current)

    async def _serve(
        self, scope: HTTPScope, headers: _Headers, receive: Receive, send: Send
    ) -> None:
        state = state_of(scope)
        sending = self._sending(scope, state, _text(headers, b"origin"), send)
        try:
            self._require_host(scope, _text(headers, b"host") or "")
            self._count(scope)
            require_plain_path(scope)
        except DomainError as refusal:
            await send_refusal(sending, refusal, has_body=scope["method"] != "HEAD")
            return
        if self._is_preflight(scope, headers):
            await _send_preflight(sending)
        else:
            await self._app(scope, receive, sending)

    def _require_host(self, scope: Scope, host: str) -> None:
        if not self._hosts or "*" in self._hosts or scope["path"].startswith(_HEALTH):
            return
        name = _name_of(host)
        if name not in self._hosts and not any(
            each.startswith("*.") and name.partition(".")[0] and name.endswith(each[1:])
            for each in self._hosts
        ):
            raise InvalidInput(
                "the host name is not allowed",
                [{"header": "Host", "detail": "is not one of ALLOWED_HOSTS"}],
            )

    def _count(self, scope: Scope) -> None:
        if not self._limit or scope["path"].startswith(_HEALTH):
            return
        rate_limit = self._counter.hit(network_of(scope), self._limit)
        state_of(scope).rate_limit = rate_limit
        rate_limit.require("too many requests from this address, try again later")

    def _is_preflight(self, scope: HTTPScope, headers: _Headers) -> bool:
        return (
            scope["method"] == "OPTIONS"
            and b"access-control-request-method" in headers
            and self._origins.allow(_text(headers, b"origin"))
        )

    def _sending(self, scope: Scope, state: RequestState, origin: str | None, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                state.status = message["status"]
                _log_refusal(scope, message["status"])
                message["headers"] = [
                    *message["headers"],
                    *self._headers(scope, state, origin, message),
                ]
            await send(message)

        return sending

    def _headers(
        self, scope: Scope, state: RequestState, origin: str | None, message: Any
    ) -> HeaderList:
        path = scope["path"]
        is_docs = path == _DOCS or path.startswith(_DOCS + "/")
        is_of_pages = is_page(path)
        given = {name.lower() for name, _ in message["headers"]}
        headers = [*_ALWAYS, (b"x-request-id", state.request_id.encode())]
        # Without a referrer, the origin of a form could not be distinguished from another site.
        headers.append((b"referrer-policy", b"same-origin" if is_of_pages else b"no-referrer"))
        if b"permissions-policy" not in given:
            headers.append(_PERMISSIONS)
        if b"content-security-policy" not in given:
            policy = _DOCS_POLICY if is_docs else _API_POLICY
            headers.append(
                (b"content-security-policy", self._pages_policy if is_of_pages else policy)
            )
        if self._is_production:
            headers.append(_HSTS)
        if b"cache-control" not in given:
            may_be_stored = is_docs and message["status"] < 400
            headers.append((b"cache-control", b"no-cache" if may_be_stored else b"no-store"))
        rate_limit = state.rate_limit
        has_rate_limit = b"ratelimit-limit" in given
        if rate_limit is not None and path.startswith(_API) and not has_rate_limit:
            headers += [
                (name.lower().encode(), value.encode())
                for name, value in rate_limit.headers().items()
            ]
        return headers + self._origins.headers(origin)


def _text(headers: _Headers, name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _log_refusal(scope: Scope, status: int) -> None:
    # %r escapes line breaks in the path. The query may contain personal data, and is left out.
    if status in _LOGGED_STATUSES:
        where = (scope["path"], state_of(scope).address)
        logger.warning("refused with %d: %r from %s", status, *where)


def _name_of(host: str) -> str:
    """Return the host name of a Host header, without the port."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host).lower().rstrip(".")


async def _send_preflight(send: Send) -> None:
    headers = [*preflight_headers(), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
