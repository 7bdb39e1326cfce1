"""Identifies the caller of a request, and refuses callers who may not use the route."""

import hmac

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from app.errors import Forbidden, InvalidToken, Unauthenticated
from app.security.areas.system import SystemScope
from app.security.principal import ANONYMOUS, Access, Caller
from app.web.middleware.client_address import network_of
from app.web.request_state import state_of
from app.web.route_options import RouteOptions, has_options, options_of
from app.wiring.identity import provide_identities
from app.wiring.resources import Shop

_SCHEME = "bearer "


class Authentication:
    """Puts the caller into the ASGI scope and checks access; services check ownership."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose caller may use the route.

        Raises:
            Forbidden, Unauthenticated, InvalidToken: the caller may not.
            TooManyRequests: the route is throttled, and the limit is exceeded.
        """
        if scope["type"] != ScopeType.HTTP or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        handler = scope["route_handler"]
        if not has_options(handler):
            raise Forbidden("the route does not declare its access")
        options = options_of(handler)
        shop: Shop = scope["litestar_app"].state.shop
        # A public route works for every caller, and without the database.
        is_public = options.access is Access.PUBLIC
        scope["user"] = ANONYMOUS if is_public else await _caller(shop, scope)
        if not scope["user"].may(options.access, options.scope):
            raise _refusal(scope["user"], options)
        if options.is_throttled:
            await _throttle(shop, scope)
        sending = _clearing_identities(shop, send) if options.changes_rights else send
        await self._app(scope, receive, sending)


async def _caller(shop: Shop, scope: HTTPScope) -> Caller:
    header = Headers.from_scope(scope).get("authorization")
    if header is None:
        return ANONYMOUS
    if header[: len(_SCHEME)].lower() != _SCHEME:
        raise InvalidToken("Authorization must be `Bearer` and a token")
    token = header[len(_SCHEME) :].strip()
    if _is_metrics_token(shop, token):
        return Caller("metrics", scopes=frozenset({SystemScope.METRICS_READ}))
    known = shop.identities.get(token)
    # A change by a privileged caller is decided on current rights, not on cached ones.
    if known is not None and (scope["method"] == "GET" or not known.is_privileged):
        return known
    generation = shop.identities.generation
    async with shop.database.read() as session:
        identity = await provide_identities(session, shop).identify(token)
    if identity.key_to_record is not None:
        async with shop.database.write() as session:
            await provide_identities(session, shop).record_use(identity.key_to_record)
    shop.identities.keep(token, identity.caller, identity.good_until, generation)
    return identity.caller


def _is_metrics_token(shop: Shop, token: str) -> bool:
    expected = shop.settings.metrics_token
    return expected is not None and hmac.compare_digest(
        token.encode(), expected.get_secret_value().encode()
    )


def _refusal(caller: Caller, options: RouteOptions) -> Unauthenticated | Forbidden:
    if caller.is_anonymous:
        return Unauthenticated("a bearer token is needed: log in at POST /api/v1/auth/token")
    if caller.role is not None:
        return Forbidden(
            f"the role {caller.role} does not allow this", needs=options.access.name.lower()
        )
    if options.scope is None:
        return Forbidden("this needs a log-in; API keys are not allowed")
    return Forbidden("the API key does not have the scope", needs=options.scope)


async def _throttle(shop: Shop, scope: HTTPScope) -> None:
    """Count an expensive request (a password hash or an e-mail) by network address."""
    rate_limit = await shop.limits.hit(
        f"address:{network_of(scope)}", shop.settings.login_limit_per_address
    )
    state_of(scope).rate_limit = rate_limit
    if rate_limit.is_exceeded:
        raise rate_limit.refusal("too many of these requests from this address, try again later")


def _clearing_identities(shop: Shop, send: Send) -> Send:
    """Return a `send` that clears the cached identities before it sends the response."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            shop.identities.clear()
        await send(message)

    return sending
