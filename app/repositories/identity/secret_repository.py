"""Queries over the secrets that all processes of the shop share."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import ShopSecret


class SecretRepository:
    """Random values by name."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        is_postgres = session.get_bind().dialect.name == "postgresql"
        self._insert = postgresql_insert if is_postgres else sqlite_insert

    async def get_or_add(self, name: str, value: bytes, at: datetime) -> bytes:
        """Return the stored value; if several processes start at once, only one of them adds it."""
        await self.session.execute(
            self._insert(ShopSecret)
            .values(name=name, value=value, created_at=at)
            .on_conflict_do_nothing()
        )
        kept = await self.session.scalar(select(ShopSecret.value).where(ShopSecret.name == name))
        return bytes(kept or b"")
