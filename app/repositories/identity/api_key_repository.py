"""Queries over API keys."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update

from app.errors import ApiKeyNotFound
from app.models import ApiKey
from app.repositories.base import Repository
from app.schemas.page_schema import PageQuery

# The query is built once, because every request with a key executes it.
_VALID = select(ApiKey).where(
    ApiKey.id == bindparam("key_id"),
    ApiKey.revoked_at.is_(None),
    ApiKey.expires_at.is_(None) | (ApiKey.expires_at > bindparam("now")),
)


class ApiKeyRepository(Repository[ApiKey]):
    """API keys, including revoked ones."""

    model = ApiKey
    not_found = ApiKeyNotFound

    async def find_valid(self, key_id: UUID, now: datetime) -> ApiKey | None:
        """Return a key that is neither revoked nor expired."""
        return (await self.session.scalars(_VALID, {"key_id": key_id, "now": now})).one_or_none()

    async def find(self, query: PageQuery) -> tuple[Sequence[ApiKey], str | None]:
        """Return a page of keys, and the cursor of the next page."""
        return await self.page(
            self.query(),
            ApiKey.created_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def revoke_of_maker(self, user_id: UUID, at: datetime) -> Sequence[UUID]:
        """Revoke the keys that a user has created; return the ids of those not revoked before."""
        statement = (
            update(ApiKey)
            .where(ApiKey.created_by == user_id, ApiKey.revoked_at.is_(None))
            .values(revoked_at=at)
            .returning(ApiKey.id)
        )
        return (await self.session.scalars(statement)).all()

    async def record_use(self, key_id: UUID, at: datetime, unless_after: datetime) -> None:
        """Record the use of a key, unless a use after a given time is recorded already."""
        await self.session.execute(
            update(ApiKey)
            .where(
                ApiKey.id == key_id,
                ApiKey.last_used_at.is_(None) | (ApiKey.last_used_at < unless_after),
            )
            .values(last_used_at=at)
        )
