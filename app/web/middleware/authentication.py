"""Finds out who sends a request, and whether the route is open to who it is."""

import hmac

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from app.errors import Forbidden, InvalidToken, Unauthenticated
from app.security.areas.system import SystemScope
from app.security.principal import ANONYMOUS, Access, Caller
from app.web.middleware.edge import network_of
from app.web.request_state import state_of
from app.web.route_options import RouteOptions, has_options, options_of
from app.wiring.identity import provide_identities
from app.wiring.resources import Shop

_SCHEME = "bearer "


class Authentication:
    """Puts the caller into the scope of a request; what belongs to whom is not judged here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request to which its route is open."""
        if scope["type"] != ScopeType.HTTP or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        handler = scope["route_handler"]
        if not has_options(handler):
            raise Forbidden("the route does not say to whom it is open")
        options = options_of(handler)
        shop: Shop = scope["litestar_app"].state.shop
        # What is open to all does not depend on who asks, nor on a database that may be down.
        is_public = options.access is Access.PUBLIC
        scope["user"] = ANONYMOUS if is_public else await _caller(shop, scope)
        if not scope["user"].may(options.access, options.scope):
            raise _refusal(scope["user"], options)
        if options.is_throttled:
            await _throttle(shop, scope)
        sending = _forgetting(shop, send) if options.changes_rights else send
        await self._app(scope, receive, sending)


async def _caller(shop: Shop, scope: HTTPScope) -> Caller:
    header = Headers.from_scope(scope).get("authorization")
    if header is None:
        return ANONYMOUS
    if header[: len(_SCHEME)].lower() != _SCHEME:
        raise InvalidToken("Authorization must be `Bearer` and a token")
    token = header[len(_SCHEME) :].strip()
    if _is_watcher(shop, token):
        return Caller("metrics", scopes=frozenset({SystemScope.METRICS_READ}))
    known = shop.identities.get(token)
    # A change that only some may make is decided on what they are now, not on what they were.
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


def _is_watcher(shop: Shop, token: str) -> bool:
    expected = shop.settings.metrics_token
    return expected is not None and hmac.compare_digest(
        token.encode(), expected.get_secret_value().encode()
    )


def _refusal(caller: Caller, options: RouteOptions) -> Unauthenticated | Forbidden:
    if caller.is_anonymous:
        return Unauthenticated("a bearer token is needed: log in at POST /api/v1/auth/token")
    if caller.role is not None:
        return Forbidden(f"this is not for {caller.role}s", needs=options.access.name.lower())
    if options.scope is None:
        return Forbidden("this is for people, not for API keys")
    return Forbidden("the API key is not good for this", needs=options.scope)


async def _throttle(shop: Shop, scope: HTTPScope) -> None:
    """Count what costs the shop a password's hash, or a mail, by the network address."""
    standing = await shop.limits.hit(
        f"address:{network_of(scope)}", shop.settings.login_limit_per_address
    )
    state_of(scope).standing = standing
    if standing.is_exceeded:
        raise standing.refusal("too many of these requests from this address, try again later")


def _forgetting(shop: Shop, send: Send) -> Send:
    """Return a way to send an answer, before which everyone is looked up anew."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            shop.identities.clear()
        await send(message)

    return sending
