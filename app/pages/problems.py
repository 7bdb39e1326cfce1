"""Renders a refusal: as the page of the form again, the log-in, or a separate page."""

from typing import Any, cast
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Litestar, Response
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import DomainError, Unauthenticated
from app.pages.rendering import Pages, address_of, see
from app.web.middleware.page_paths import is_page
from app.web.rendering.problems import MEDIA_TYPE, render_domain_error
from app.web.request import ShopRequest
from app.web.request_state import PageState, RefusedForm, first_headers, page_of, state_of

LOG_IN = "/log-in"
_CONSOLE = "/console"
_BODY_HEADERS = frozenset({b"content-length", b"content-type", b"idempotency-key", b"if-match"})


def render_refusal(request: ShopRequest, error: DomainError) -> Any:
    """Return the answer of a page to a refusal."""
    its = state_of(request.scope).page
    if isinstance(error, Unauthenticated) and request.scope["path"] != LOG_IN:
        back = address_of(request) if request.method == "GET" else (its and its.form_page) or "/"
        return see(f"{LOG_IN}?next={quote(back, safe='')}")
    if request.method != "GET" and its is not None and its.form_page is not None:
        refused = RefusedForm(request.scope["path"], its.fields, error.as_problem())
        return _PageAgain(its.form_page, refused, error.status)
    return render_domain_error(request, error)


def render_group(request: ShopRequest, group: ExceptionGroup[Exception]) -> Any:
    """Return the answer to an error that the framework raised into a dependency."""
    error = group.exceptions[0]
    if isinstance(error, DomainError):
        return render_refusal(request, error)
    raise group


def page_again(request: ShopRequest) -> Any:
    """Return the page of a form with the typed values, which were not refused."""
    its = page_of(request.scope)
    shown = RefusedForm(request.scope["path"], its.fields, None)
    return _PageAgain(its.form_page or "/", shown, 200)


class _PageAgain(Response[None]):
    """The page of a form, with the typed values, the reasons and the status."""

    def __init__(self, address: str, shown: RefusedForm, status: int) -> None:
        super().__init__(None, status_code=status)
        self._shown = shown
        self._status = status
        self._address = urlsplit(address)

    # The framework calls the returned object, which may be any ASGI application.
    def to_asgi_response(  # type: ignore[override]
        self, *_arguments: Any, **_named: Any
    ) -> ASGIApp:
        """Return the page as an ASGI application."""
        return self._show

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive  # The form has been read already.
        app: Litestar = scope["litestar_app"]
        state = state_of(scope)
        state.session = None
        state.page = PageState("", refused=self._shown)
        again: Any = {
            name: scope[name]
            for name in ("type", "asgi", "http_version", "scheme", "client", "server", "extensions")
            if name in scope
        }
        again |= {
            "method": "GET",
            "path": self._address.path,
            "raw_path": self._address.path.encode(),
            "root_path": "",
            "query_string": self._address.query.encode(),
            "headers": [pair for pair in scope["headers"] if pair[0] not in _BODY_HEADERS],
            "state": dict(scope["state"]),
            "app": app,
            "litestar_app": app,
        }
        await app.state.router(again, _nothing, _with_status(send, self._status))


async def _nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def _with_status(send: Send, status: int) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            message["status"] = status
        await send(message)

    return sending


class ProblemPages:
    """Wraps the application: a problem document becomes a page for a person.

    It wraps all other middleware, so that no refusal depends on its reader.
    """

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != ScopeType.HTTP or not is_page(scope["path"]) or not _reads_html(scope):
            await self._app(scope, receive, send)
            return
        path, start = scope["path"], None
        body = b""

        async def sending(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += bytes(cast("Any", message)["body"])
                if not cast("Any", message)["more_body"]:
                    await self._send(start, body, path, send)

        await self._app(scope, receive, sending)

    async def _send(self, start: Any, body: bytes, path: str, send: Send) -> None:
        headers = dict(start["headers"])
        page = self._pages.problem(
            msgspec.json.decode(body),
            headers.get(b"x-request-id", b"").decode(),
            is_console=path.startswith(_CONSOLE),
        )
        replaced = {b"content-type": b"text/html; charset=utf-8"}
        replaced[b"content-length"] = str(len(page)).encode()
        kept = [pair for pair in start["headers"] if pair[0].lower() not in replaced]
        start["headers"] = [*kept, *replaced.items()]
        await send(start)
        await send({"type": "http.response.body", "body": page, "more_body": False})


def _is_problem(message: Any) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(MEDIA_TYPE.encode())
        for name, value in message["headers"]
    )


def _reads_html(scope: Scope) -> bool:
    # A client that accepts any type gets the document.
    return b"text/html" in first_headers(scope).get(b"accept", b"")


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    DomainError: render_refusal,
    ExceptionGroup: render_group,
}
