"""Queries over the messages that cannot be applied."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from app.errors import DeadLetterNotFound
from app.models import DeadLetter
from app.repositories.base import Repository
from app.repositories.bulk import insertion_into
from app.repositories.messaging.mentions import mentions
from app.schemas.messaging.dead_letter_schema import DeadLetterQuery

_COUNTS = select(DeadLetter.queue, func.count()).group_by(DeadLetter.queue)


class DeadLetterRepository(Repository[DeadLetter]):
    """Messages that wait for somebody to requeue or discard them."""

    model = DeadLetter
    not_found = DeadLetterNotFound

    async def add_once(self, row: Mapping[str, Any]) -> bool:
        """Add a message unless it exists; return whether it was added.

        A message exists if one with the same id and the same body is stored.
        """
        statement = (
            insertion_into(self.session, DeadLetter)
            .values(**row)
            .on_conflict_do_nothing(index_elements=["queue", "message_id", "body_digest"])
        )
        added = await self.session.scalar(statement.returning(DeadLetter.id))
        return added is not None

    async def find(self, query: DeadLetterQuery) -> tuple[Sequence[DeadLetter], str | None]:
        """Return a page of messages, and the cursor of the next page."""
        rows = self.query()
        if query.queue is not None:
            rows = rows.where(DeadLetter.queue == query.queue)
        return await self.page(
            rows, DeadLetter.created_at, order=query.order, limit=query.limit, cursor=query.cursor
        )

    async def count_by_queue(self) -> dict[str, int]:
        """Return the number of messages by queue, for queues that have any."""
        return dict((await self.session.execute(_COUNTS)).all())

    async def delete_before(self, moment: datetime) -> None:
        """Delete the messages that were parked before a time."""
        await self.session.execute(delete(DeadLetter).where(DeadLetter.created_at < moment))

    async def delete_about(self, user_id: UUID) -> None:
        """Delete the messages that contain the id of a user."""
        await self.session.execute(
            delete(DeadLetter).where(mentions(self.session, DeadLetter.body, user_id))
        )
