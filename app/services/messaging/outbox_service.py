"""The outbox: messages that are sent if and only if their transaction commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from app.core.clock import Clock
from app.core.ids import new_id
from app.core.queues import EVENTS_EXCHANGE, TASK_QUEUE, dead_letter_queue
from app.models import OutboxMessage
from app.observability.tracing import context_headers
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.schemas.base import Schema
from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.messaging.task_message import task_message

_MAX_SUBJECT = 100


class OutboxService:
    """Stores messages, which a relay sends."""

    def __init__(self, outbox: OutboxRepository, clock: Clock, *, has_broker: bool) -> None:
        self._outbox = outbox
        self._clock = clock
        self._has_broker = has_broker

    async def announce(self, event: DomainEvent) -> None:
        """Publish an event; without a broker, do nothing."""
        await self.announce_all([(event, None)])

    async def announce_all(
        self, events: Sequence[tuple[DomainEvent, Mapping[str, str] | None]]
    ) -> None:
        """Publish several events, each with its headers or those of the current context."""
        if self._has_broker and events:
            now, current = self._clock.now(), context_headers()
            await self._outbox.send(
                [
                    _eventmessage_row(event, dict(current if own is None else own), now)
                    for event, own in events
                ]
            )

    async def take_due(self, limit: int) -> Sequence[OutboxMessage]:
        """Return unsent messages, the oldest first; only one caller at a time gets messages."""
        return await self.find_due(limit) if await self.try_lock() else ()

    async def try_lock(self) -> bool:
        """Try to become the only sender until the transaction ends; return whether it worked."""
        return await self._outbox.try_lock()

    async def find_due(self, limit: int) -> Sequence[OutboxMessage]:
        """Return messages that are due; only one process may call this."""
        return await self._outbox.due(self._clock.now(), limit)

    async def mark_sent(self, positions: Sequence[int]) -> None:
        """Delete messages that were sent."""
        if positions:
            await self._outbox.delete(positions)

    async def postpone(self, positions: Sequence[int], delay: timedelta) -> None:
        """Postpone messages that cannot be sent now."""
        if positions:
            await self._outbox.postpone(positions, self._clock.now() + delay)

    async def enqueue(self, queue: str, message_id: str, body: bytes) -> None:
        """Put a command on its queue."""
        headers, now = context_headers(), self._clock.now()
        await self._outbox.send([message_row(queue, message_id, message_id, body, headers, now)])

    async def enqueue_later(
        self, queue: str, message_id: str, body: bytes, attempts: int, delay: timedelta
    ) -> None:
        """Put a command back on its queue, to be delivered after a delay."""
        headers, now = context_headers(), self._clock.now()
        row = message_row(queue, message_id, message_id, body, headers, now)
        # No relay is notified: the message is not due yet.
        await self._outbox.add([row | {"attempts": attempts, "due_at": now + delay}])

    async def enqueue_task(
        self, task_id: str, name: str, arguments: Mapping[str, str | None]
    ) -> None:
        """Put a task on the queue of tasks."""
        await self.enqueue(TASK_QUEUE, task_id, task_message(task_id, name, arguments))

    async def publish(
        self, queue: str, message_id: str, subject: str, body: bytes, headers: Mapping[str, Any]
    ) -> None:
        """Send a message to a queue that others consume; without a broker, do nothing."""
        if self._has_broker:
            told = {**context_headers(), **headers}
            row = message_row(queue, message_id, subject, body, told, self._clock.now())
            await self._outbox.send([row])

    async def publish_dead_letter(
        self, queue: str, message_id: str, body: bytes, code: str, reason: str, attempts: int
    ) -> None:
        """Publish a copy of a message that cannot be applied on the `.dlq` of its queue."""
        headers = {
            "x-queue": queue,
            "x-error-code": code,
            "x-error": reason,
            "x-attempt": attempts,
        }
        await self.publish(dead_letter_queue(queue), message_id, message_id, body, headers)


def _eventmessage_row(event: DomainEvent, headers: dict[str, str], now: datetime) -> dict[str, Any]:
    event_id = new_id(now)
    body = {
        "id": event_id,
        "event": event.routing_key,
        "occurred_at": now,
        # The body is JSON already: it is embedded without being decoded again.
        "data": msgspec.Raw(event.data.to_json()),
    }
    return message_row(
        event.routing_key,
        str(event_id),
        str(event.subject_id),
        msgspec.json.encode(body),
        headers,
        now,
        exchange=EVENTS_EXCHANGE,
    )


def message_row(
    routing_key: str,
    message_id: str,
    subject: str,
    body: bytes,
    headers: dict[str, Any],
    now: datetime,
    *,
    exchange: str = "",
) -> dict[str, Any]:
    """Return a message as columns of the outbox."""
    return {
        "exchange": exchange,
        "routing_key": routing_key,
        "message_id": message_id,
        "subject": subject[:_MAX_SUBJECT],
        "body": body,
        "headers": headers,
        "attempts": 0,
        "created_at": now,
        "due_at": now,
        "awaits": None,
    }


def plain(document: Schema) -> dict[str, Any]:
    """Return a document as values that JSON can represent."""
    content: dict[str, Any] = msgspec.json.decode(document.to_json())
    return content
