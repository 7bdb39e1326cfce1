"""Queries for the import of many users."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
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

    async def by_key(
        self, email_keys: Collection[str], username_keys: Collection[str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the users who have one of these keys, by e-mail key and by username key."""
        columns = (
            User.id,
            User.email_key,
            User.username_key,
            User.username,
            User.first_name,
            User.last_name,
        )
        rows = await self._session.execute(
            select(*columns).where(
                among(self._session, User.email_key, email_keys)
                | among(self._session, User.username_key, username_keys)
            )
        )
        users = rows.all()
        return {user.email_key: user for user in users}, {user.username_key: user for user in users}

    async def add_all(self, users: Sequence[Mapping[str, object]]) -> None:
        """Add many users, given as columns."""
        await insert_rows(self._session, (_users, users))
