"""Queries over the secrets that all processes of the shop share."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import ShopSecret
from app.repositories.bulk import insertion_into


class SecretRepository:
    """Random values by name."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get_or_add(self, name: str, value: bytes, at: datetime) -> bytes:
        """Return the stored value; if several processes start at once, only one of them adds it."""
        await self.session.execute(
            insertion_into(self.session, ShopSecret)
            .values(name=name, value=value, created_at=at)
            .on_conflict_do_nothing()
        )
        kept = await self.session.scalar(select(ShopSecret.value).where(ShopSecret.name == name))
        return bytes(kept or b"")
