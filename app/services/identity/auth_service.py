"""Log-ins and their tokens."""

import hmac
import logging
from datetime import timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.email_addresses import address_key
from app.core.ids import new_id
from app.errors import (
    InvalidCredentials,
    InvalidToken,
    RefreshTokenReused,
    SessionNotFound,
    UserNotFound,
)
from app.models import LoginSession, User
from app.repositories.identity.session_repository import SessionRepository
from app.repositories.identity.user_repository import Credentials, UserRepository
from app.schemas.identity.auth_schema import (
    MAX_SESSIONS,
    SessionList,
    SessionRead,
    TokenPair,
    TokenRequest,
)
from app.security.areas.identity import IdentityAudited
from app.security.passwords import Passwords
from app.security.principal import Caller, name_of_user
from app.security.rate_limits import RateLimits
from app.security.tokens import TokenKind, Tokens, digest_of
from app.services.identity.browser_log_ins import BROWSER_IDLE, StartedLogIn, browser_cookie
from app.services.system.audit_service import AuditService
from app.settings import Settings
from app.tables.identity import comparison_key

logger = logging.getLogger(__name__)

_MAX_USER_AGENT = 200


class AuthService:
    """Starts, renews and ends log-ins."""

    def __init__(
        self,
        users: UserRepository,
        sessions: SessionRepository,
        audit: AuditService,
        passwords: Passwords,
        tokens: Tokens,
        limits: RateLimits,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._audit = audit
        self._passwords = passwords
        self._tokens = tokens
        self._limits = limits
        self._clock = clock
        self._account_limit = settings.login_limit_per_account
        self._access_lifetime = timedelta(seconds=settings.access_token_seconds)
        self._refresh_lifetime = timedelta(days=settings.refresh_token_days)

    async def log_in(self, request: TokenRequest, caller: Caller, user_agent: str) -> TokenPair:
        """Log in with the name and password of a user.

        Raises:
            TooManyRequests: too many attempts with this name.
            InvalidCredentials: the name or the password is wrong.
        """
        user = await self._verified(request, caller)
        session = self._new_session(user, user_agent, self._refresh_lifetime)
        pair = await self._pair(session)
        await self._add(session)
        return pair

    async def log_in_browser(
        self, request: TokenRequest, caller: Caller, user_agent: str
    ) -> StartedLogIn:
        """Log in as `log_in` does, for pages.

        Raises:
            TooManyRequests, InvalidCredentials: as `log_in` does.
        """
        return await self._in_browser(await self._verified(request, caller), user_agent)

    async def log_in_registered(
        self, user_id: UUID, caller: Caller, user_agent: str
    ) -> StartedLogIn:
        """Log in the user who has just registered, as `log_in_browser` does."""
        user = await self._users.get_of(None, user_id)
        await self._audit.record(IdentityAudited.LOGGED_IN, caller, user_id)
        return await self._in_browser(user, user_agent)

    async def _in_browser(self, user: User, user_agent: str) -> StartedLogIn:
        session = self._new_session(user, user_agent, BROWSER_IDLE)
        cookie = browser_cookie(session.id)
        session.refresh_digest = digest_of(cookie)
        await self._add(session)
        caller = Caller(
            name_of_user(user.id), user_id=user.id, role=user.role, session_id=session.id
        )
        return StartedLogIn(cookie, caller)

    async def _verified(self, request: TokenRequest, caller: Caller) -> User:
        """Return the user with a name and password, locked.

        A password is hashed for an unknown user, too, so that the time does not reveal whether the
        user exists.

        Raises:
            TooManyRequests, InvalidCredentials: as `log_in` does.
        """
        known = await self._users.credentials_of(request.username)
        await self._users.end_read()
        # Attempts are counted by name and not by user: a counter that two names share would reveal
        # that they belong to one user, and the id of a user is a name that anybody may enter.
        status = await self._limits.hit(f"login:{_entered(request.username)}", self._account_limit)
        status.require("too many attempts to log in with this name, try again later")
        is_right = await self._passwords.verify(
            request.password, None if known is None else known.password_hash
        )
        user = await self._lock_if_unchanged(known) if known is not None and is_right else None
        if user is None:
            await self._audit.record(
                IdentityAudited.LOGIN_FAILED, caller, None if known is None else known.user_id
            )
            raise InvalidCredentials("there is no such user with this password")
        if self._passwords.is_outdated(user.password_hash or ""):
            user.password_hash = await self._passwords.hash(request.password)
        await self._audit.record(IdentityAudited.LOGGED_IN, caller, user.id)
        return user

    async def refresh(self, token: str, caller: Caller) -> TokenPair:
        """Exchange a refresh token for a new pair of tokens.

        Raises:
            InvalidToken: the token was not issued by the shop, or its log-in has ended.
            RefreshTokenReused: the token was exchanged before; its log-in is ended.
        """
        claims = self._tokens.read(TokenKind.REFRESH, token)
        now = self._clock.now()
        try:
            session = await self._sessions.get_of_user(
                claims.subject, UUID(claims.more["sid"]), now, lock=True
            )
        except SessionNotFound as error:
            raise InvalidToken("the log-in of this token has ended") from error
        if await self._sessions.user_of(session.id, now) is None:
            raise InvalidToken("the user of this token may not log in")
        if not hmac.compare_digest(session.refresh_digest, digest_of(token)):
            session.ended_at = now
            await self._audit.record(IdentityAudited.TOKEN_REUSED, caller, session.user_id)
            raise RefreshTokenReused("the token was used before, and its log-in is ended")
        session.last_used_at = now
        logger.info("log-in %s of user %s was renewed", session.id, session.user_id)
        return await self._pair(session)

    async def log_out(self, caller: Caller, session_id: UUID) -> None:
        """End a log-in of the caller.

        Raises:
            SessionNotFound: the caller has no log-in with this id.
        """
        now = self._clock.now()
        session = await self._sessions.get_of_user(caller.own_id, session_id, now)
        session.ended_at = now
        await self._audit.record(IdentityAudited.LOGGED_OUT, caller, caller.own_id)

    async def log_out_everywhere(self, caller: Caller) -> None:
        """End every log-in of the caller."""
        await self._sessions.end_all(caller.own_id, self._clock.now())
        await self._audit.record(IdentityAudited.LOGGED_OUT, caller, caller.own_id, everywhere=True)

    async def sessions(self, caller: Caller) -> SessionList:
        """Return the valid log-ins of the caller."""
        sessions = await self._sessions.of_user(caller.own_id, self._clock.now())
        return SessionList(items=[show_session(each, caller) for each in sessions])

    async def delete_expired_sessions(self) -> None:
        """Delete the log-ins that have expired."""
        await self._sessions.delete_expired(self._clock.now())

    async def _lock_if_unchanged(self, known: Credentials) -> User | None:
        """Return the user, locked, if nothing changed while the password was verified."""
        try:
            user = await self._users.get(known.user_id, lock=True)
        except UserNotFound:
            return None
        return user if user.is_active and user.password_hash == known.password_hash else None

    def _new_session(self, user: User, user_agent: str, lifetime: timedelta) -> LoginSession:
        now = self._clock.now()
        return LoginSession(
            id=new_id(now),
            user_id=user.id,
            user_agent=user_agent[:_MAX_USER_AGENT],
            created_at=now,
            last_used_at=now,
            expires_at=now + lifetime,
        )

    async def _add(self, session: LoginSession) -> None:
        others = await self._sessions.of_user(session.user_id, session.created_at)
        for surplus in others[MAX_SESSIONS - 1 :]:
            surplus.ended_at = session.created_at
        await self._sessions.add(session)

    async def _pair(self, session: LoginSession) -> TokenPair:
        access = self._tokens.issue(
            TokenKind.ACCESS, session.user_id, self._access_lifetime, sid=str(session.id)
        )
        # Renewal does not extend the log-in.
        left = session.expires_at - self._clock.now()
        refresh = self._tokens.issue(TokenKind.REFRESH, session.user_id, left, sid=str(session.id))
        session.refresh_digest = digest_of(refresh)
        return TokenPair(
            access_token=access,
            token_type="bearer",  # nosec B106  # the type of RFC 6750
            expires_in=int(self._access_lifetime.total_seconds()),
            refresh_token=refresh,
        )


def _entered(name: str) -> str:
    """Return the key of a name that was entered, in all spellings that find the same user."""
    return f"address:{address_key(name)}" if "@" in name else f"username:{comparison_key(name)}"


def show_session(session: LoginSession, caller: Caller) -> SessionRead:
    """Return the representation of a log-in for its user."""
    return SessionRead(
        id=session.id,
        user_agent=session.user_agent,
        is_current=session.id == caller.session_id,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
    )
