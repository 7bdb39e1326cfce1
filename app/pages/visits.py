"""Identifies the visitor of a page, and accepts forms only from the shop's own pages."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Empty, HTTPScope, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

from app.errors import Forbidden, InvalidToken, Unauthenticated
from app.pages.cookies import PageCookies
from app.security.form_tokens import form_token, is_form_token
from app.security.principal import ANONYMOUS, Access, Caller
from app.web.callers import identified
from app.web.cart_tokens import CART_TOKEN
from app.web.middleware.authentication import clearing_identities, throttle
from app.web.middleware.idempotency import Replay, read_body
from app.web.middleware.page_paths import is_page
from app.web.request import form_pairs
from app.web.request_state import PageState, page_of, state_of
from app.web.route_options import files_of, options_of
from app.wiring.areas.identity import provide_browser_log_ins
from app.wiring.resources import Shop

TOKEN, KEY, VERSION, PAGE = "_token", "_key", "_version", "_page"
"""The fields of every form: its token, idempotency key, version and page."""
TOKEN_HEADER = "Form-Token"  # nosec B105  # the name of a header
"""The header with the token for a file, which is not a form."""
_GUEST = "guests"
_MAX_FIELDS = 500
_CART_TOKEN = CART_TOKEN.lower().encode()
_HEADERS = {KEY: b"idempotency-key", VERSION: b"if-match"}


class Visits:
    """Middleware that puts the caller and the cart of a guest into the request, from cookies.

    The version and the key of a form become the headers that the routes of the API read.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose caller may see the page.

        Raises:
            Unauthenticated: the page needs a log-in.
            Forbidden: the caller may not see the page, or the form is not one of the shop.
            TooManyRequests: the route is throttled, and the limit is exceeded.
        """
        if scope["type"] != ScopeType.HTTP or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        shop: Shop = scope["litestar_app"].state.shop
        caller = await _begin_visit(shop, scope)
        if scope["method"] != "GET":
            receive = await _accept_form(shop, scope, caller, receive)
        _require_access(scope, caller)
        options = options_of(scope["route_handler"])
        if options.is_throttled:
            await throttle(shop, scope)
        sending = clearing_identities(shop, send) if options.changes_rights else send
        await self._app(scope, receive, sending)


async def _begin_visit(shop: Shop, scope: HTTPScope) -> Caller:
    """Put the content of cookies into a request, and return its caller."""
    cookies: PageCookies = scope["litestar_app"].state.cookies
    given = cookies.read(Headers.from_scope(scope).get("cookie", "").encode("latin-1"))
    caller = scope["user"] = await _caller(shop, scope, cookies.log_in_of(given))
    page = PageState(form_token(shop.tokens.keys, _owner_of(caller)))
    previous, state_of(scope).page = state_of(scope).page, page
    page.refused = None if previous is None else previous.refused
    cart = cookies.cart_of(given)
    page.cart_id = None if cart is None else cart[0]
    _set_headers(scope, {_CART_TOKEN: None if cart is None else cart[1]})
    return caller


async def _accept_form(shop: Shop, scope: HTTPScope, caller: Caller, receive: Receive) -> Receive:
    """Accept a form, or the token of a file; return the function that receives the body.

    Raises:
        Forbidden: the form is not one of the shop.
        InvalidInput: the body is not a form.
    """
    headers = Headers.from_scope(scope)
    _require_same_origin(headers)
    token = headers.get(TOKEN_HEADER, "")
    if not files_of(scope["route_handler"]):
        body = await read_body(receive)
        token = _take_form(scope, page_of(scope), body)
        receive = Replay(body)
    if not is_form_token(shop.tokens.keys, _owner_of(caller), token):
        raise Forbidden("the page is too old: load it again, and send the form once more")
    return receive


def _owner_of(caller: Caller) -> str:
    return _GUEST if caller.session_id is None else str(caller.session_id)


async def _caller(shop: Shop, scope: HTTPScope, cookie: str | None) -> Caller:
    """Return the caller of a cookie; an ended log-in is an anonymous one."""
    shop.notice_changes()
    if cookie is None:
        return ANONYMOUS
    known = shop.identities.get(cookie)
    if known is not None and (scope["method"] == "GET" or not known.is_privileged):
        return known
    try:
        return (await identified(shop, cookie, provide_browser_log_ins)).caller
    except InvalidToken:
        return ANONYMOUS


def _require_access(scope: HTTPScope, caller: Caller) -> None:
    access = options_of(scope["route_handler"]).access
    if caller.may(access, None):
        return
    if caller.is_anonymous:
        raise Unauthenticated("this page needs a log-in")
    needs = "staff" if access is Access.STAFF else access.name.lower()
    raise Forbidden(
        f"this page is for {needs}, and your role is {caller.role}: "
        "an administrator can give you the role",
        needs=needs,
    )


def _require_same_origin(headers: Headers) -> None:
    """Require that a form comes from a page of the shop, according to the browser.

    Raises:
        Forbidden: the form comes from elsewhere, or the browser sends no origin.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        is_own = site == "same-origin"
    else:
        # Browsers that support the first header send it only to hosts with HTTPS and to localhost.
        is_own = origin is not None and urlsplit(origin).netloc == headers.get("host")
    if not is_own:
        raise Forbidden("the form was not sent from a page of this shop")


def _take_form(scope: HTTPScope, page: PageState, body: bytes) -> str:
    """Put the fields of a form into the page, and version and key into headers; return the token.

    Raises:
        InvalidInput: the body is not a form.
    """
    pairs = form_pairs(body, _MAX_FIELDS)
    own = {name: value for name, value in pairs if name in (TOKEN, PAGE, *_HEADERS)}
    page.fields = tuple(pair for pair in pairs if pair[0] not in own)
    address = own.get(PAGE, "")
    if address.startswith("/") and is_page(urlsplit(address).path):
        page.form_page = address
    _set_headers(scope, {header: own.get(name) for name, header in _HEADERS.items()})
    return own.get(TOKEN, "")


def _set_headers(scope: Scope, values: Mapping[bytes, str | None]) -> None:
    """Replace headers of a request; invalid values are left out."""
    kept = [pair for pair in scope["headers"] if pair[0] not in values]
    for name, value in values.items():
        if value and value.isascii() and value.isprintable():
            kept.append((name, value.encode()))
    scope["headers"] = kept
    # The framework caches the headers that it has read, and would not see the new ones.
    ScopeState.from_scope(scope).headers = Empty
