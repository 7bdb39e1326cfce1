"""The state of a request that the HTTP layers share."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar.types import Receive, Scope
from msgspec import Struct

from app.cache.cache import Found
from app.database.sessions import AsyncSession
from app.security.rate_limits import RateLimitStatus
from app.services.system.idempotency_service import KeyClaim

_KEY = "request"


class RefusedForm(Struct, frozen=True):
    """A refused form that a page shows again: its path, its fields and the problem."""

    path: str
    fields: tuple[tuple[str, str], ...]
    problem: dict[str, Any] | None
    """The reason of the refusal; None if the form only needs further fields."""


@dataclass(slots=True)
class PageState:
    """The state of a request for a page."""

    form_token: str
    """The token that the forms of the page must send back."""
    cart_id: UUID | None = None
    """The cart of a guest, whose token is in the header `Cart-Token`."""
    fields: tuple[tuple[str, str], ...] = ()
    """The fields of the form that was sent, without those that belong to the form itself."""
    form_page: str | None = None
    """The address of the page that contains the form."""
    refused: RefusedForm | None = None
    """The refused form that the page shows again."""


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
    """Receives the body of an image without a limit of its size; None for other bodies."""
    found: Found | None = None
    """The cached representation that the response shows."""
    page: PageState | None = None
    """The state of a request for a page."""


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


def page_of(scope: Scope) -> PageState:
    """Return the state of a request for a page.

    Raises:
        RuntimeError: the route is not one of a page.
    """
    its = state_of(scope).page
    if its is None:
        raise RuntimeError("the route is not one of a page")
    return its


def first_headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers of a request by their names in lower case, the first of each."""
    return dict(reversed(list(scope["headers"])))
