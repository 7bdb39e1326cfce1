"""The inbox: the messages that were applied already."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from app.core.clock import Clock
from app.repositories.messaging.inbox_repository import InboxRepository

# This is longer than the time in which any message can be delivered again.
RETENTION = timedelta(days=7)


class InboxService:
    """Records messages in the transaction of their effect."""

    def __init__(self, inbox: InboxRepository, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock

    async def claim(self, queue: str, digests: Mapping[str, bytes]) -> set[str]:
        """Record messages, given as the digests of their bodies by id; return the new ones."""
        now = self._clock.now()
        return await self._inbox.claim(
            [
                {
                    "queue": queue,
                    "message_id": message_id,
                    "body_digest": digest,
                    "received_at": now,
                }
                for message_id, digest in digests.items()
            ]
        )

    async def digests_of(self, queue: str, message_ids: Collection[str]) -> dict[str, bytes]:
        """Return the digests of the bodies of applied messages by message id."""
        return await self._inbox.digests_of(queue, message_ids) if message_ids else {}

    async def release(self, queue: str, message_ids: list[str]) -> None:
        """Delete the record that messages were applied."""
        await self._inbox.release(queue, message_ids)

    async def has_similar(self, queue: str, digest: bytes, within: timedelta) -> bool:
        """Return whether a message with the same body was applied within a period."""
        return await self._inbox.has_similar(queue, digest, self._clock.now() - within)

    async def record_start(self, queue: str, key: str) -> int:
        """Record the start of a suspect; return how often it was started."""
        return await self._inbox.record_start(queue, key, self._clock.now())

    async def clear_start(self, queue: str, key: str) -> None:
        """Delete the record of a start: the message was processed."""
        await self._inbox.clear_start(queue, key)

    async def delete_old(self) -> None:
        """Delete messages that cannot be delivered again."""
        await self._inbox.delete_before(self._clock.now() - RETENTION)
