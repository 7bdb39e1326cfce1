"""Identifies the caller who sends a token."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.core.clock import Clock
from app.errors import InvalidToken
from app.repositories.identity.api_key_repository import ApiKeyRepository
from app.repositories.identity.session_repository import SessionRepository
from app.security.areas import scope_of
from app.security.principal import Caller, name_of_user
from app.security.tokens import TokenKind, Tokens, digest_of

KEY_PREFIX = "lavka"
"""Begins every API key, so that people and scanners know one when they see it."""

_USE_IS_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who bears a token, until when, and the API key whose use is to be noted, if it is one."""

    caller: Caller
    good_until: datetime
    key_to_note: UUID | None = None


class IdentityService:
    """Tells who calls, from the database and not from what a token says of roles."""

    def __init__(
        self, sessions: SessionRepository, keys: ApiKeyRepository, tokens: Tokens, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._keys = keys
        self._tokens = tokens
        self._clock = clock

    async def identify(self, token: str) -> Identity:
        """Return who bears a token.

        Raises:
            InvalidToken: it is not one of ours, or good no more.
        """
        if token.startswith(f"{KEY_PREFIX}_"):
            return await self._machine(token)
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
        """Note that an API key is used, to the minute."""
        now = self._clock.now()
        await self._keys.record_use(key_id, now, unless_after=now - _USE_IS_NOTED_EVERY)

    async def _machine(self, token: str) -> Identity:
        now = self._clock.now()
        key = await self._keys.find_valid(_key_id_of(token), now)
        if key is None or not hmac.compare_digest(key.digest, digest_of(token)):
            raise InvalidToken("the API key is not a good one")
        caller = Caller(f"api-key {key.id}", scopes=frozenset(map(scope_of, key.scopes)))
        is_audited = key.last_used_at and key.last_used_at >= now - _USE_IS_NOTED_EVERY
        good_until = key.expires_at or now + timedelta(days=1)
        return Identity(caller, good_until, None if is_audited else key.id)


def _key_id_of(token: str) -> UUID:
    """Return the id that an API key has in it.

    Raises:
        InvalidToken: it has none.
    """
    try:
        return UUID(hex=token.split("_", 2)[1])
    except (IndexError, ValueError) as error:
        raise InvalidToken("the API key is not a good one") from error
