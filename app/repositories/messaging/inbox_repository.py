"""Queries over messages that were applied and messages that are suspects."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import InboxMessage, SuspectMessage
from app.repositories.bulk import among, insert_of, insertion_into, table_of, values_of

_inbox = table_of(InboxMessage)
_CLAIM = (
    insert_of(_inbox, ("queue", "message_id", "body_digest", "received_at"))
    .on_conflict_do_nothing()
    .returning(_inbox.c.message_id)
)


class InboxRepository:
    """Applied messages by queue and id, and the starts of suspects."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._is_postgres = session.get_bind().dialect.name == "postgresql"

    async def claim(self, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """Record messages as applied; return the ids of those that were not applied before."""
        if not rows:
            return set()
        # The order of the ids prevents deadlocks between workers that claim the same messages.
        rows = sorted(rows, key=lambda each: str(each["message_id"]))
        if self._is_postgres:
            return set(await self.session.scalars(_CLAIM, values_of((_inbox, rows))))
        statement = (
            insertion_into(self.session, InboxMessage)
            .values(list(rows))
            .on_conflict_do_nothing()
            .returning(InboxMessage.message_id)
        )
        return set(await self.session.scalars(statement))

    async def digests_of(self, queue: str, message_ids: Collection[str]) -> dict[str, bytes]:
        """Return the digests of the bodies of messages that were applied, by id."""
        query = select(InboxMessage.message_id, InboxMessage.body_digest).where(
            InboxMessage.queue == queue, among(self.session, InboxMessage.message_id, message_ids)
        )
        rows = await self.session.execute(query)
        return {row.message_id: bytes(row.body_digest) for row in rows}

    async def release(self, queue: str, message_ids: Collection[str]) -> None:
        """Delete the record that messages were applied."""
        if message_ids:
            await self.session.execute(
                delete(InboxMessage).where(
                    InboxMessage.queue == queue,
                    among(self.session, InboxMessage.message_id, message_ids),
                )
            )

    async def has_similar(self, queue: str, digest: bytes, since: datetime) -> bool:
        """Return whether a message with the same body was applied since a time."""
        query = select(InboxMessage.message_id).where(
            InboxMessage.queue == queue,
            InboxMessage.body_digest == digest,
            InboxMessage.received_at >= since,
        )
        return await self.session.scalar(query.limit(1)) is not None

    async def delete_before(self, moment: datetime) -> None:
        """Delete the messages that were received before a time."""
        await self.session.execute(delete(InboxMessage).where(InboxMessage.received_at < moment))

    async def record_start(self, queue: str, key: str, at: datetime) -> int:
        """Record the start of a suspect; return how often it was started."""
        statement = (
            insertion_into(self.session, SuspectMessage)
            .values(queue=queue, message_key=key, starts=1, started_at=at)
            .on_conflict_do_update(
                index_elements=[SuspectMessage.queue, SuspectMessage.message_key],
                set_={"starts": SuspectMessage.starts + 1, "started_at": at},
            )
            .returning(SuspectMessage.starts)
        )
        return int(await self.session.scalar(statement) or 0)

    async def clear_start(self, queue: str, key: str) -> None:
        """Delete the record of a start: the message was processed."""
        await self.session.execute(
            delete(SuspectMessage).where(
                SuspectMessage.queue == queue, SuspectMessage.message_key == key
            )
        )
