"""Identifies the caller of a request, and refuses callers who may not use the route."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from app.errors import Forbidden
from app.security.open_limits import OpenLimit
from app.web.callers import authorized_caller
from app.web.middleware.client_address import network_of
from app.web.request_state import state_of
from app.web.route_options import has_options, options_of
from app.wiring.resources import Shop


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
        scope["user"] = await authorized_caller(shop, scope)
        if options.is_throttled:
            await throttle(shop, scope)
        sending = clearing_identities(shop, send) if options.changes_rights else send
        if options.is_stream:
            await self._stream(scope, receive, sending)
        else:
            await self._app(scope, receive, sending)

    async def _stream(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        client = network_of(scope)
        limit: OpenLimit = scope["litestar_app"].state.streams.limit
        limit.enter(client)
        try:
            await self._app(scope, receive, send)
        finally:
            limit.leave(client)


async def throttle(shop: Shop, scope: HTTPScope) -> None:
    """Count an expensive request (a password hash or an e-mail) by network address.

    Raises:
        TooManyRequests: the limit is exceeded.
    """
    rate_limit = await shop.limits.hit(
        f"address:{network_of(scope)}", shop.settings.login_limit_per_address
    )
    state_of(scope).rate_limit = rate_limit
    rate_limit.require("too many of these requests from this address, try again later")


def clearing_identities(shop: Shop, send: Send) -> Send:
    """Return a `send` that clears the cached identities before it sends the response."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            shop.identities.clear()
        await send(message)

    return sending
