"""Finds out who sends a request, and whether its route is open to this caller."""

import hmac
import logging
from collections.abc import Callable
from typing import Protocol
from urllib.parse import parse_qsl
from uuid import UUID

from litestar.datastructures import Headers
from litestar.types import HTTPScope

from app.database.sessions import AsyncSession
from app.errors import Forbidden, InvalidToken, Unauthenticated
from app.security.areas.system import SystemScope
from app.security.principal import ANONYMOUS, Access, Caller, Scope
from app.services.identity.identity_service import Identity
from app.web.request_state import state_of
from app.web.route_options import guarded_of, has_guests, options_of
from app.wiring.areas.identity import provide_identities
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_SCHEME = "bearer "


async def authorized_caller(shop: Shop, scope: HTTPScope) -> Caller:
    """Return the current caller of a request.

    Raises:
        InvalidToken: the token is not valid, or no longer valid.
        Unauthenticated: the route needs a token.
        Forbidden: the route is not open to the caller.
    """
    shop.notice_changes()
    options = options_of(scope["route_handler"])
    guarded = guarded_of(scope["route_handler"])
    if guarded is not None and _has_parameter(scope, guarded.name):
        caller = await _caller(shop, scope)
        if not caller.may(guarded.access, guarded.scope):
            raise _refusal(caller, guarded.access, guarded.scope, guarded.name)
        return caller
    # A public route works for every caller, and without the database.
    if options.access is Access.PUBLIC and not has_guests(scope["route_handler"]):
        return ANONYMOUS
    caller = await _caller(shop, scope)
    if not caller.may(options.access, options.scope):
        raise _refusal(caller, options.access, options.scope)
    return caller


def _has_parameter(scope: HTTPScope, name: str) -> bool:
    query = scope["query_string"]
    # Most query strings contain neither its name nor an escape that could encode a part of it.
    if name.encode() not in query and b"%" not in query:
        return False
    return any(given == name for given, _ in parse_qsl(query.decode("latin-1"), True))


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
    identity = await identified(shop, token, provide_identities)
    if identity.used_id is not None:
        logger.info("%s was used from %s", identity.caller.name, state_of(scope).address)
    return identity.caller


class _Identities(Protocol):
    """A service that identifies the callers of tokens or cookies."""

    async def identify(self, secret: str, /) -> Identity:
        """Return the caller, and the id of the token or key if its use has to be recorded."""

    async def record_use(self, used_id: UUID, /) -> None:
        """Record a use."""


async def identified(
    shop: Shop, secret: str, provide: Callable[[AsyncSession, Shop], _Identities]
) -> Identity:
    """Return the identity of a token or a cookie; cache it and record the use.

    Raises:
        InvalidToken: the token is not valid, or no longer valid.
    """
    generation = shop.identities.generation
    async with shop.database.read() as session:
        identity = await provide(session, shop).identify(secret)
    if identity.used_id is not None:
        async with shop.database.write() as session:
            await provide(session, shop).record_use(identity.used_id)
    shop.identities.keep(secret, identity.caller, identity.good_until, generation)
    return identity


def _may_be_known(scope: HTTPScope, caller: Caller) -> bool:
    """Return whether the cached rights of a caller are enough to decide on a request.

    Changes that only privileged callers may make need current rights, and so does every change by
    staff. An order by an API key does not: any customer may place one.
    """
    if scope["method"] == "GET" or not caller.is_privileged:
        return True
    return caller.role is None and options_of(scope["route_handler"]).access <= Access.CUSTOMER


def _is_metrics_token(shop: Shop, token: str) -> bool:
    expected = shop.settings.metrics_token
    return expected is not None and hmac.compare_digest(
        token.encode(), expected.get_secret_value().encode()
    )


def _refusal(
    caller: Caller, access: Access, scope: Scope | None, parameter: str | None = None
) -> Unauthenticated | Forbidden:
    place, context = "", {}
    if parameter is not None:
        place, context = f"the parameter {parameter}: ", {"parameter": parameter}
    if caller.is_anonymous:
        needed = "a bearer token is needed: log in at POST /api/v1/auth/token"
        return Unauthenticated(place + needed, **context)
    if caller.role is not None:
        reason, needs = f"the role {caller.role} does not allow this", access.name.lower()
        return Forbidden(place + reason, needs=needs, **context)
    if scope is None:
        return Forbidden("this needs a log-in; API keys are not allowed")
    return Forbidden(f"{place}the API key does not have the scope", needs=scope, **context)
