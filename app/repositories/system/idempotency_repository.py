"""Queries over the stored responses to requests with an idempotency key."""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import String, cast, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import IdempotencyKey


class IdempotencyRepository:
    """Stored responses by caller and key."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._is_postgres = session.get_bind().dialect.name == "postgresql"

    async def try_lock(self, caller: str, key: str) -> bool:
        """Lock a key until the transaction ends; return whether it was free."""
        if not self._is_postgres:
            return True  # SQLite's only writer is this transaction.
        digest = hashlib.blake2b(f"{caller}\0{key}".encode(), digest_size=8).digest()
        lock = int.from_bytes(digest, "big", signed=True)
        return bool(await self.session.scalar(select(func.pg_try_advisory_xact_lock(lock))))

    async def get(self, caller: str, key: str) -> IdempotencyKey | None:
        """Return the stored response for a key, expired or not."""
        return await self.session.get(IdempotencyKey, (caller, key))

    async def add(self, answer: IdempotencyKey) -> None:
        """Store a response."""
        self.session.add(answer)
        await self.session.flush()

    async def delete(self, answer: IdempotencyKey) -> None:
        """Delete a response."""
        await self.session.delete(answer)
        await self.session.flush()

    async def delete_of_user(self, caller: str, user_id: UUID) -> None:
        """Delete the responses to a user, and the responses to others about the user."""
        body = (
            func.encode(IdempotencyKey.body, "escape")
            if self._is_postgres
            else cast(IdempotencyKey.body, String)
        )
        await self.session.execute(
            delete(IdempotencyKey).where(
                (IdempotencyKey.caller == caller)
                # The body of a user or an order contains the user id; for an address, the path
                # does.
                | body.contains(str(user_id))
                | cast(IdempotencyKey.headers, String).contains(f"/users/{user_id}")
            )
        )

    async def delete_expired(self, now: datetime) -> None:
        """Delete the responses that have expired."""
        await self.session.execute(delete(IdempotencyKey).where(IdempotencyKey.expires_at <= now))
