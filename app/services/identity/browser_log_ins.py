"""The log-ins of browsers, each with a cookie, which end when they are not used."""

import hmac
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from app.core.clock import Clock
from app.errors import InvalidToken
from app.repositories.identity.session_repository import SessionRepository
from app.security.principal import Caller, name_of_user
from app.security.tokens import digest_of, random_secret
from app.services.identity.identity_service import Identity

BROWSER_IDLE = timedelta(hours=12)
"""How long a log-in lasts without a request."""
_LONGEST = timedelta(days=30)
_USE_INTERVAL = timedelta(minutes=5)


class StartedLogIn(Struct, frozen=True):
    """A log-in of a browser that has just begun."""

    cookie: str
    caller: Caller


def browser_cookie(session_id: UUID) -> str:
    """Return a new value of the cookie of a log-in."""
    return f"{session_id.hex}.{random_secret()}"


class BrowserLogIns:
    """Identifies the callers of pages by their cookies."""

    def __init__(self, sessions: SessionRepository, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def identify(self, cookie: str) -> Identity:
        """Return the caller of a cookie, and the log-in whose use is to be recorded.

        Raises:
            InvalidToken: the cookie is not one of the shop, or its log-in has ended.
        """
        now = self._clock.now()
        found = await self._sessions.browser_of(_session_id_of(cookie), now)
        if found is None or not hmac.compare_digest(found.digest, digest_of(cookie)):
            raise InvalidToken("the log-in has ended")
        caller = Caller(
            name_of_user(found.user_id),
            user_id=found.user_id,
            role=found.role,
            session_id=found.session_id,
        )
        is_recorded = found.last_used_at >= now - _USE_INTERVAL
        return Identity(caller, found.expires_at, None if is_recorded else found.session_id)

    async def record_use(self, session_id: UUID) -> None:
        """Extend a log-in from now on, up to its maximum."""
        now = self._clock.now()
        await self._sessions.extend(session_id, now, BROWSER_IDLE, _LONGEST)


def _session_id_of(cookie: str) -> UUID:
    try:
        return UUID(hex=cookie.partition(".")[0])
    except ValueError as error:
        raise InvalidToken("the log-in has ended") from error
