"""Messages that leave the shop if the transaction of their reason commits, and only then."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from app.core.clock import Clock
from app.core.ids import new_id
from app.models import OutboxMessage
from app.observability.tracing import carried_headers
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.schemas.base import Schema

EVENTS_EXCHANGE = "shop.events"

EventData = Mapping[str, Any] | msgspec.Raw
"""What an event says, or the JSON of it."""


class OutboxService:
    """Writes messages down; a relay sends them."""

    def __init__(self, outbox: OutboxRepository, clock: Clock, *, has_broker: bool) -> None:
        self._outbox = outbox
        self._clock = clock
        self._has_broker = has_broker

    async def announce(self, event: str, subject_id: UUID, data: EventData) -> None:
        """Tell whoever listens that something has happened; without a broker nobody can."""
        await self.announce_all([(event, subject_id, data)])

    async def announce_all(self, events: list[tuple[str, UUID, EventData]]) -> None:
        """Tell whoever listens of several things that have happened."""
        if not self._has_broker or not events:
            return
        now = self._clock.now()
        rows = []
        for event, subject_id, data in events:
            event_id = new_id(now)
            body = {"id": event_id, "event": event, "occurred_at": now, "data": data}
            rows.append(
                _row(
                    EVENTS_EXCHANGE,
                    event,
                    str(event_id),
                    str(subject_id),
                    msgspec.json.encode(body),
                    now,
                )
            )
        await self._outbox.send(rows)

    async def take_due(self, limit: int) -> Sequence[OutboxMessage]:
        """Return messages that are to leave, the oldest first; one caller at a time gets any."""
        return await self.look_at_due(limit) if await self.take_turn() else ()

    async def take_turn(self) -> bool:
        """Become the one who takes messages out until the transaction ends; tell whether one is."""
        return await self._outbox.try_lock()

    async def look_at_due(self, limit: int) -> Sequence[OutboxMessage]:
        """Return messages that are due, for the only process that takes them."""
        return await self._outbox.due(self._clock.now(), limit)

    async def note_sent(self, positions: Sequence[int]) -> None:
        """Forget messages that have left."""
        if positions:
            await self._outbox.delete(positions)

    async def put_off(self, positions: Sequence[int], delay: timedelta) -> None:
        """Have messages leave later, that cannot leave now."""
        if positions:
            await self._outbox.put_off(positions, self._clock.now() + delay)

    async def enqueue(self, queue: str, message_id: str, body: bytes) -> None:
        """Put a command on its queue."""
        await self._write(queue, message_id, message_id, body, {})

    async def publish(
        self, queue: str, message_id: str, subject: str, body: bytes, headers: dict[str, Any]
    ) -> None:
        """Send a message to a queue of others; without a broker nobody can have it."""
        if self._has_broker:
            await self._write(queue, message_id, subject, body, headers)

    async def _write(
        self, queue: str, message_id: str, subject: str, body: bytes, headers: dict[str, Any]
    ) -> None:
        row = _row("", queue, message_id, subject, body, self._clock.now())
        row["headers"] |= headers
        await self._outbox.send([row])


def _row(
    exchange: str, routing_key: str, message_id: str, subject: str, body: bytes, now: datetime
) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "routing_key": routing_key,
        "message_id": message_id,
        "subject": subject,
        "body": body,
        "headers": carried_headers(),
        "attempts": 0,
        "created_at": now,
        "due_at": now,
    }


def as_json(document: Schema) -> msgspec.Raw:
    """Return a document as it is put into another one: written once, and not read again."""
    return msgspec.Raw(document.to_json())


def plain(document: Schema) -> dict[str, Any]:
    """Return what a document says, as JSON can have it."""
    content: dict[str, Any] = msgspec.json.decode(document.to_json())
    return content
