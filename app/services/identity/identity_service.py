"""Identification of callers by their tokens."""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from app.core.clock import Clock
from app.errors import InvalidToken
from app.repositories.identity.api_key_repository import ApiKeyRepository
from app.repositories.identity.session_repository import SessionRepository
from app.security.areas import scope_of
from app.security.principal import Caller, name_of_user
from app.security.tokens import TokenKind, Tokens, digest_of

KEY_PREFIX = "lavka"
"""The prefix of every API key, by which people and scanners recognise it."""

_USE_INTERVAL = timedelta(minutes=1)


class Identity(Struct, frozen=True):
    """The caller, the expiry of the token, and the id whose use has to be recorded, if any."""

    caller: Caller
    good_until: datetime
    used_id: UUID | None = None
    """The id of the API key, or of the log-in of a browser."""


class IdentityService:
    """Identifies callers; roles come from the database and not from tokens."""

    def __init__(
        self, sessions: SessionRepository, keys: ApiKeyRepository, tokens: Tokens, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._keys = keys
        self._tokens = tokens
        self._clock = clock

    async def identify(self, token: str) -> Identity:
        """Return the caller to whom a token was issued.

        Raises:
            InvalidToken: the token was not issued by the shop, or is no longer valid.
        """
        if token.startswith(f"{KEY_PREFIX}_"):
            return await self._identify_key(token)
        claims = self._tokens.read(TokenKind.ACCESS, token)
        session_id = UUID(claims.more["sid"])
        user = await self._sessions.user_of(session_id, self._clock.now())
        if user is None or user.user_id != claims.subject:
            raise InvalidToken("the log-in of this token has ended")
        caller = Caller(
            name_of_user(user.user_id),
            user_id=user.user_id,
            role=user.role,
            session_id=session_id,
        )
        return Identity(caller, claims.expires_at)

    async def record_use(self, key_id: UUID) -> None:
        """Record the use of an API key, at most once a minute."""
        now = self._clock.now()
        await self._keys.record_use(key_id, now, unless_after=now - _USE_INTERVAL)

    async def _identify_key(self, token: str) -> Identity:
        now = self._clock.now()
        key = await self._keys.find_valid(_key_id_of(token), now)
        if key is None or not hmac.compare_digest(key.digest, digest_of(token)):
            raise InvalidToken("the API key is not valid")
        caller = Caller(f"api-key {key.id}", scopes=frozenset(map(scope_of, key.scopes)))
        is_recorded = key.last_used_at and key.last_used_at >= now - _USE_INTERVAL
        good_until = key.expires_at or now + timedelta(days=1)
        return Identity(caller, good_until, None if is_recorded else key.id)


def _key_id_of(token: str) -> UUID:
    """Return the id in an API key.

    Raises:
        InvalidToken: the key contains no id.
    """
    try:
        return UUID(hex=token.split("_", 2)[1])
    except (IndexError, ValueError) as error:
        raise InvalidToken("the API key is not valid") from error
