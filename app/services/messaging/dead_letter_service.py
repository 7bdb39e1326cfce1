"""Failed messages: those that are retried later, and dead letters."""

import hashlib
from datetime import timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import NotAppliedAgain
from app.models import DeadLetter
from app.repositories.messaging.dead_letter_repository import DeadLetterRepository
from app.schemas.messaging.dead_letter_schema import (
    MAX_REASON,
    DeadLetterPage,
    DeadLetterQuery,
    DeadLetterRead,
    DeadLetterSummary,
)
from app.security.areas import may_see_commands
from app.security.areas.messaging import MessagingAudited
from app.security.audited import Audited
from app.security.principal import Caller
from app.services.messaging.outbox_service import OutboxService
from app.services.system.audit_service import AuditService

_MAX_KEPT_BYTES = 512 * 1024


class DeadLetterService:
    """Postpones, parks, returns, requeues and discards messages."""

    def __init__(
        self,
        letters: DeadLetterRepository,
        outbox: OutboxService,
        audit: AuditService,
        clock: Clock,
    ) -> None:
        self._letters = letters
        self._outbox = outbox
        self._audit = audit
        self._clock = clock

    async def postpone(
        self, queue: str, message_id: str, body: bytes, attempts: int, delay: timedelta
    ) -> None:
        """Schedule a message for another delivery."""
        await self._outbox.enqueue_later(queue, message_id, body, attempts, delay)

    async def park(
        self, queue: str, message_id: str, body: bytes, code: str, reason: str, attempts: int
    ) -> None:
        """Store a message as a dead letter, and publish a copy on the queue's `.dlq`."""
        now = self._clock.now()
        # The reason may quote the message, and PostgreSQL stores no zero in a text.
        reason = reason.replace("\0", "\ufffd")[:MAX_REASON]
        kept = body[:_MAX_KEPT_BYTES]
        is_new = await self._letters.add_once(
            {
                "id": new_id(now),
                "queue": queue,
                "message_id": message_id,
                "body": kept,
                "body_digest": hashlib.sha256(body).digest(),
                "code": code,
                "reason": reason,
                "attempts": attempts,
                "created_at": now,
            }
        )
        if is_new:
            await self._outbox.publish_dead_letter(queue, message_id, kept, code, reason, attempts)

    async def delete_old(self, age: timedelta) -> None:
        """Delete the dead letters that are older than `age`."""
        await self._letters.delete_before(self._clock.now() - age)

    async def find(self, query: DeadLetterQuery) -> DeadLetterPage:
        """Return a page of dead letters."""
        letters, following = await self._letters.find(query)
        return DeadLetterPage(
            items=[DeadLetterSummary.model_validate(each) for each in letters], next=following
        )

    async def get(self, caller: Caller, letter_id: UUID) -> DeadLetterRead:
        """Return a dead letter, with its body if the caller may see the resource that it concerns.

        Raises:
            DeadLetterNotFound: the dead letter does not exist.
        """
        letter = await self._letters.get(letter_id)
        summary = DeadLetterSummary.model_validate(letter)
        body = letter.body if may_see_commands(caller, letter.queue) else b""
        return DeadLetterRead(**summary.model_dump(), body=body.decode("utf-8", errors="replace"))

    async def requeue(self, caller: Caller, letter_id: UUID) -> None:
        """Put a dead letter back on its queue under the same id, so that it is applied only once.

        Raises:
            DeadLetterNotFound: the dead letter does not exist, or it was requeued already.
        """
        letter = await self._letters.get(letter_id, lock=True)
        # Under an id that another message used, the message would be parked again each time.
        is_ambiguous = letter.code == NotAppliedAgain.code
        message_id = str(letter.id) if is_ambiguous else letter.message_id
        await self._outbox.enqueue(letter.queue, message_id, letter.body)
        await self._remove(caller, letter, MessagingAudited.LETTER_REQUEUED)

    async def discard(self, caller: Caller, letter_id: UUID) -> None:
        """Discard a dead letter permanently.

        Raises:
            DeadLetterNotFound: the dead letter does not exist.
        """
        letter = await self._letters.get(letter_id, lock=True)
        await self._remove(caller, letter, MessagingAudited.LETTER_DISCARDED)

    async def _remove(self, caller: Caller, letter: DeadLetter, event: Audited) -> None:
        await self._letters.delete(letter)
        await self._audit.record(
            event, caller, letter.id, queue=letter.queue, message_id=letter.message_id
        )
