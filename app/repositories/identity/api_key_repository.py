"""Queries over API keys."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update

from app.errors import ApiKeyNotFound
from app.models import ApiKey
from app.repositories.base import Repository
from app.schemas.page_schema import PageQuery

# Built once: every request with a key asks for it.
_GOOD = select(ApiKey).where(
    ApiKey.id == bindparam("key_id"),
    ApiKey.revoked_at.is_(None),
    ApiKey.expires_at.is_(None) | (ApiKey.expires_at > bindparam("now")),
)


class ApiKeyRepository(Repository[ApiKey]):
    """API keys, the revoked ones included."""

    model = ApiKey
    not_found = ApiKeyNotFound

    async def find_valid(self, key_id: UUID, now: datetime) -> ApiKey | None:
        """Return a key that is neither revoked nor over."""
        return (await self.session.scalars(_GOOD, {"key_id": key_id, "now": now})).one_or_none()

    async def find(self, query: PageQuery) -> tuple[Sequence[ApiKey], str | None]:
        """Return a page of keys and the cursor of the next one."""
        return await self.page(
            self.query(),
            ApiKey.created_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def record_use(self, key_id: UUID, at: datetime, unless_after: datetime) -> None:
        """Note that a key was used, unless that was noted after a moment already."""
        await self.session.execute(
            update(ApiKey)
            .where(
                ApiKey.id == key_id,
                ApiKey.last_used_at.is_(None) | (ApiKey.last_used_at < unless_after),
            )
            .values(last_used_at=at)
        )
