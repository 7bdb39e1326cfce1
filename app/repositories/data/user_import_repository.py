"""Queries for the import of many users."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import User
from app.repositories.bulk import among, insert_rows, table_of
from app.tables.identity import comparison_key

_users = table_of(User)


class UserImportRepository:
    """Users to import and users that exist already."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def ids_by_username(self, usernames: Sequence[str]) -> dict[str, UUID]:
        """Return the ids of users by the comparison keys of their names."""
        keys = {comparison_key(name) for name in usernames}
        rows = await self._session.execute(
            select(User.username_key, User.id).where(
                among(self._session, User.username_key, keys), User.anonymised_at.is_(None)
            )
        )
        return {row.username_key: row.id for row in rows}

    async def taken_keys(self, users: Sequence[Mapping[str, object]]) -> dict[str, UUID]:
        """Return which of the users' e-mail and username keys are taken, with their owners."""
        rows = await self._session.execute(
            select(User.id, User.email_key, User.username_key).where(
                among(self._session, User.email_key, [user["email_key"] for user in users])
                | among(self._session, User.username_key, [user["username_key"] for user in users])
            )
        )
        return {key: owner for owner, email, username in rows for key in (email, username)}

    async def add_all(self, users: Sequence[Mapping[str, object]]) -> None:
        """Add many users, given as columns."""
        await insert_rows(self._session, (_users, users))
