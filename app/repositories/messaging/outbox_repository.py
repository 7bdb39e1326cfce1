"""Queries over the outbox."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import case, delete, func, literal_column, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.advisory_locks import AdvisoryLock
from app.models import OutboxMessage
from app.repositories.bulk import among, insert_of, insert_rows, table_of, values_of
from app.repositories.messaging.mentions import mentions

_outbox = table_of(OutboxMessage)
_LOCK = text("SELECT pg_try_advisory_xact_lock(:lock)")
_COLUMNS = (
    "exchange",
    "routing_key",
    "message_id",
    "subject",
    "body",
    "headers",
    "attempts",
    "created_at",
    "due_at",
    "awaits",
)
_SEND = select(func.pg_notify(literal_column("'outbox'"), literal_column("''"))).add_cte(
    insert_of(_outbox, _COLUMNS).cte()
)
# A message that was tried before waits intentionally until it is due.
_SINCE = case(
    (or_(OutboxMessage.attempts > 0, OutboxMessage.awaits.is_not(None)), OutboxMessage.due_at),
    else_=OutboxMessage.created_at,
)
_WAITING = select(
    OutboxMessage.exchange, OutboxMessage.routing_key, func.count(), func.min(_SINCE)
).group_by(OutboxMessage.exchange, OutboxMessage.routing_key)


class Waiting(Struct, frozen=True):
    """The number of messages for one destination, and since when the oldest could be sent."""

    exchange: str
    routing_key: str
    count: int
    since: datetime


class OutboxRepository:
    """Messages to be sent, in the order in which they were added."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._is_postgres = session.get_bind().dialect.name == "postgresql"

    async def add(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Add messages, given as columns."""
        await insert_rows(self.session, (_outbox, messages))

    async def send(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Add messages, and notify waiting relays when the transaction commits."""
        self.session.info["writes_outbox"] = True
        if not self._is_postgres:
            await self.add(messages)
            return
        await self.session.execute(_SEND, values_of((_outbox, messages)))

    async def try_lock(self) -> bool:
        """Try to become the only sender until the transaction ends; return whether it worked.

        Two senders would send the messages of one subject in a random order.
        """
        if not self._is_postgres:
            return True  # SQLite's only writer is this transaction.
        return bool(await self.session.scalar(_LOCK, {"lock": AdvisoryLock.RELAY}))

    async def due(self, now: datetime, limit: int) -> Sequence[OutboxMessage]:
        """Return messages that are due, the oldest first, without changing them."""
        query = (
            select(OutboxMessage)
            .where(OutboxMessage.due_at <= now, OutboxMessage.awaits.is_(None))
            .order_by(OutboxMessage.position)
            .limit(limit)
        )
        return (await self.session.scalars(query)).all()

    async def counts(self) -> list[Waiting]:
        """Return the waiting messages, counted by destination."""
        return [Waiting(*row) for row in await self.session.execute(_WAITING)]

    async def postpone(self, positions: Collection[int], due_at: datetime) -> None:
        """Change when messages are due."""
        await self.session.execute(
            update(_outbox)
            .where(among(self.session, _outbox.c.position, positions))
            .values(due_at=due_at)
        )

    async def lock_about(self, user_id: UUID) -> Sequence[OutboxMessage]:
        """Return the messages that contain the id of a user, locked until the transaction ends."""
        query = (
            select(OutboxMessage)
            .where(mentions(self.session, OutboxMessage.body, user_id))
            .order_by(OutboxMessage.position)
            .with_for_update()
        )
        return (await self.session.scalars(query)).all()

    async def flush(self) -> None:
        """Flush changed messages to the database."""
        await self.session.flush()

    async def delete(self, positions: Collection[int]) -> None:
        """Delete messages that were sent."""
        await self.session.execute(
            delete(_outbox).where(among(self.session, _outbox.c.position, positions))
        )
