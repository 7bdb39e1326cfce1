"""The state of a request that the HTTP layers share."""

from dataclasses import dataclass
from typing import Any

from litestar.types import Receive, Scope

from app.cache.cache import Found
from app.database.sessions import AsyncSession
from app.security.rate_limits import RateLimitStatus
from app.services.system.idempotency_service import KeyClaim

_KEY = "request"


@dataclass(slots=True)
class RequestState:
    """The state of a request, in addition to the ASGI scope."""

    request_id: str
    address: str
    """The network address of the client, behind trusted proxies."""
    rate_limit: RateLimitStatus | None = None
    """The status of the rate limit that counted the request last."""
    session: AsyncSession | None = None
    """The session of the transaction around the handler, if the request has an idempotency key."""
    claim: KeyClaim | None = None
    """The idempotency key of a request whose route stores the response itself."""
    status: int | None = None
    """The status of the response, after it has begun."""
    receive_file: Receive | None = None
    """Receives the body, if its type is that of an image, without a limit of its size."""
    found: Found | None = None
    """The cached representation that the response shows."""


def begin_state(scope: Scope, state: RequestState) -> None:
    """Store the state of a request in its scope, for `state_of`."""
    members: dict[str, Any] = scope.setdefault("state", {})
    members[_KEY] = state


def take_claim(scope: Scope) -> KeyClaim | None:
    """Return the idempotency key of a request, for a route that stores the response itself."""
    state = state_of(scope)
    claim, state.claim = state.claim, None
    return claim


def state_of(scope: Scope) -> RequestState:
    """Return the state of a request."""
    state: RequestState = scope["state"][_KEY]
    return state


def first_headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers of a request by their names in lower case, the first of each."""
    return dict(reversed(list(scope["headers"])))
