"""Commands that wait for the resource that they change, which another message may still add."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from app.core.clock import Clock
from app.models import OutboxMessage
from app.observability.tracing import context_headers
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.repositories.messaging.waiting_command_repository import WaitingCommandRepository
from app.services.messaging.outbox_service import message_row


class WaitingCommandService:
    """Keeps commands until the resource that they change exists or they are overdue."""

    def __init__(
        self,
        commands: WaitingCommandRepository,
        outbox: OutboxRepository,
        clock: Clock,
        longest_wait: timedelta,
    ) -> None:
        self._commands = commands
        self._outbox = outbox
        self._clock = clock
        self._longest_wait = longest_wait

    async def add(self, queue: str, message_id: str, body: bytes, awaits: UUID) -> None:
        """Keep a command until the resource that it changes exists, or until it is overdue."""
        now = self._clock.now()
        row = message_row(queue, message_id, str(awaits), body, context_headers(), now)
        await self._outbox.add([row | {"due_at": now + self._longest_wait, "awaits": awaits}])

    async def awaited(self, queue: str, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Return the ids for which commands of a queue wait, in their order, after an id."""
        return await self._commands.awaited(queue, after, limit)

    async def awaited_among(self, queue: str, ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids for which commands of a queue wait."""
        return await self._commands.awaited_among(queue, ids) if ids else set()

    async def waiting_for(
        self, queue: str, ids: Collection[UUID], limit: int
    ) -> Sequence[OutboxMessage]:
        """Return the commands of a queue that wait for these ids, the oldest first."""
        return await self._commands.waiting_for(queue, ids, limit)

    async def overdue(self, queue: str, limit: int) -> Sequence[OutboxMessage]:
        """Return the commands of a queue that have reached the maximum wait, the oldest first."""
        return await self._commands.overdue(queue, self._clock.now(), limit)

    async def delete(self, positions: Sequence[int]) -> None:
        """Delete commands that were applied or parked."""
        await self._outbox.delete(positions)
