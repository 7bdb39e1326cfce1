"""Queries over log-ins."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, select, update

from app.errors import SessionNotFound
from app.models import LoginSession, User, UserRole
from app.repositories.base import Repository


class SessionUser(Struct, frozen=True):
    """The user of a valid log-in."""

    user_id: UUID
    role: UserRole


class BrowserLogIn(Struct, frozen=True):
    """A valid log-in with its user, and the digest of its secret."""

    session_id: UUID
    user_id: UUID
    role: UserRole
    digest: bytes
    last_used_at: datetime
    expires_at: datetime


# The query is built once, because most requests execute it.
_USER_OF = (
    select(User.id, User.role)
    .join(LoginSession, LoginSession.user_id == User.id)
    .where(
        LoginSession.id == bindparam("session_id"),
        LoginSession.ended_at.is_(None),
        LoginSession.expires_at > bindparam("now", type_=LoginSession.expires_at.type),
        User.is_active,
        User.anonymised_at.is_(None),
    )
)

_BROWSER_OF = _USER_OF.with_only_columns(
    LoginSession.id.label("session_id"),
    User.id.label("user_id"),
    User.role,
    LoginSession.refresh_digest.label("digest"),
    LoginSession.last_used_at,
    LoginSession.expires_at,
)


class SessionRepository(Repository[LoginSession]):
    """Log-ins, each of one user."""

    model = LoginSession
    not_found = SessionNotFound

    async def user_of(self, session_id: UUID, now: datetime) -> SessionUser | None:
        """Return the user of a log-in, or None if it has ended or the user may not log in."""
        parameters = {"session_id": session_id, "now": now}
        row = (await self.session.execute(_USER_OF, parameters)).one_or_none()
        return None if row is None else SessionUser(row.id, row.role)

    async def browser_of(self, session_id: UUID, now: datetime) -> BrowserLogIn | None:
        """Return a log-in with its user, or None under the conditions of `user_of`."""
        parameters = {"session_id": session_id, "now": now}
        row = (await self.session.execute(_BROWSER_OF, parameters)).one_or_none()
        return None if row is None else BrowserLogIn(*row)

    async def extend(
        self, session_id: UUID, now: datetime, idle: timedelta, longest: timedelta
    ) -> None:
        """Extend a valid log-in by some time from now, up to `longest` in total."""
        session = await self.session.scalar(self._valid(now).where(LoginSession.id == session_id))
        if session is not None:
            session.last_used_at = now
            session.expires_at = min(now + idle, session.created_at + longest)

    async def of_user(self, user_id: UUID, now: datetime) -> Sequence[LoginSession]:
        """Return the valid log-ins of a user, the newest first."""
        query = (
            self._valid(now)
            .where(LoginSession.user_id == user_id)
            .order_by(LoginSession.created_at.desc(), LoginSession.id.desc())
        )
        return (await self.session.scalars(query)).all()

    async def get_of_user(
        self, user_id: UUID, session_id: UUID, now: datetime, *, lock: bool = False
    ) -> LoginSession:
        """Return a valid log-in of a user.

        Raises:
            SessionNotFound: the user has no log-in with this id.
        """
        query = self._valid(now).where(
            LoginSession.id == session_id, LoginSession.user_id == user_id
        )
        return await self._one(query, session_id, lock=lock)

    async def end_all(self, user_id: UUID, at: datetime) -> None:
        """End every log-in of a user."""
        await self.session.execute(
            update(LoginSession)
            .where(LoginSession.user_id == user_id, LoginSession.ended_at.is_(None))
            .values(ended_at=at)
        )

    async def delete_of_user(self, user_id: UUID) -> None:
        """Delete every log-in of a user."""
        await self.session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))

    async def delete_expired(self, now: datetime) -> None:
        """Delete the log-ins that have expired."""
        await self.session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))

    def _valid(self, now: datetime) -> Select[LoginSession]:
        return select(LoginSession).where(
            LoginSession.ended_at.is_(None), LoginSession.expires_at > now
        )
