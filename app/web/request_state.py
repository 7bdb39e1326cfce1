"""What the layers of HTTP tell each other of one request."""

from dataclasses import dataclass
from typing import Any

from litestar.types import Scope

from app.database.sessions import AsyncSession
from app.security.rate_limits import RateLimitStatus

_KEY = "request"


@dataclass(slots=True)
class RequestState:
    """What is known of a request beside what the server says."""

    request_id: str
    address: str
    """The network address from which it comes, behind proxies of ours."""
    standing: RateLimitStatus | None = None
    """How much is left of the limit that counted it last."""
    session: AsyncSession | None = None
    """The transaction of a request with an idempotency key, which is open around its handler."""
    status: int | None = None
    """The status of its answer, once that has begun."""


def begin_state(scope: Scope, state: RequestState) -> None:
    """Put the state of a request where `state_of` finds it."""
    members: dict[str, Any] = scope.setdefault("state", {})
    members[_KEY] = state


def state_of(scope: Scope) -> RequestState:
    """Return the state of a request."""
    state: RequestState = scope["state"][_KEY]
    return state
