"""Finds out who sends a request, and whether its route is open to this caller."""

import hmac
import logging

from litestar.datastructures import Headers
from litestar.types import HTTPScope

from app.errors import Forbidden, InvalidToken, Unauthenticated
from app.security.areas.system import SystemScope
from app.security.principal import ANONYMOUS, Access, Caller
from app.web.request_state import state_of
from app.web.route_options import RouteOptions, options_of
from app.wiring.identity import provide_identities
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_SCHEME = "bearer "


async def authorized_caller(shop: Shop, scope: HTTPScope) -> Caller:
    """Return the caller of a request, as it is now.

    Raises:
        InvalidToken: the token is not valid, or no longer.
        Unauthenticated: the route needs a token.
        Forbidden: the route is not open to the caller.
    """
    shop.notice_changes()
    options = options_of(scope["route_handler"])
    # A public route works for every caller, and without the database.
    if options.access is Access.PUBLIC:
        return ANONYMOUS
    caller = await _caller(shop, scope)
    if not caller.may(options.access, options.scope):
        raise _refusal(caller, options)
    return caller


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
    if known is not None and _may_be_known(scope, known):
        return known
    generation = shop.identities.generation
    async with shop.database.read() as session:
        identity = await provide_identities(session, shop).identify(token)
    if identity.key_to_record is not None:
        async with shop.database.write() as session:
            await provide_identities(session, shop).record_use(identity.key_to_record)
        logger.info("%s was used from %s", identity.caller.name, state_of(scope).address)
    shop.identities.keep(token, identity.caller, identity.good_until, generation)
    return identity.caller


def _may_be_known(scope: HTTPScope, caller: Caller) -> bool:
    """Return whether a request may be decided on the cached rights of its caller.

    What only privileged callers may change is decided on current ones, and so is every change by
    staff. An order by an API key is one that any customer may place.
    """
    if scope["method"] == "GET" or not caller.is_privileged:
        return True
    return caller.role is None and options_of(scope["route_handler"]).access <= Access.CUSTOMER


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
