"""Last step of the pipeline: stores the outcome of each message."""

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec.structs import replace

from app.database.outages import is_database_error
from app.errors import DomainError, Unavailable
from app.messaging.commands import Command, Outcome
from app.messaging.decode import Decoded, Refusal
from app.messaging.delivery import Delivery
from app.messaging.retries import MAX_ATTEMPTS, delay_after
from app.messaging.subjects import awaited_by
from app.observability.tracing import restored_request_id
from app.services.messaging.dead_letter_service import DeadLetterService
from app.services.messaging.inbox_service import InboxService
from app.services.messaging.operation_service import OperationService
from app.services.messaging.waiting_command_service import WaitingCommandService

logger = logging.getLogger(__name__)


class HandlerFailed(DomainError):
    """A handler raised an exception that is not a refusal, on every attempt."""

    code, title, status = "handler-failed", "An internal error occurred", 500


class Settlement:
    """Completes, postpones or parks messages, in the transaction of their effect."""

    def __init__(
        self,
        letters: DeadLetterService,
        inbox: InboxService,
        operations: OperationService,
        waiting: WaitingCommandService,
    ) -> None:
        self._letters = letters
        self._inbox = inbox
        self._operations = operations
        self._waiting = waiting

    async def settle(
        self,
        command: Command,
        fresh: Sequence[Decoded],
        outcomes: Mapping[str, Outcome | Exception],
        refused: Sequence[Refusal],
    ) -> None:
        """Store the outcome of each message that was handled, and each refusal.

        Raises:
            Unavailable: the refusal of a message is `Unavailable`; the batch is tried again.
        """
        refusals = list(refused)
        waiting: set[UUID] = set()
        for each in fresh:
            outcome = outcomes[each.message_id]
            if isinstance(outcome, DomainError):
                awaits = awaited_by(command, each, outcome, waiting)
                refusals.append(Refusal(each.delivery, outcome, awaits))
                if awaits is not None:
                    waiting.add(awaits)
            elif isinstance(outcome, Exception):
                await self.fail(each.delivery, outcome)
            elif each.operation is not None:
                self._operations.mark_succeeded(each.operation, outcome)
        # Only messages that this batch has claimed are completed: others may have the same id.
        await self._inbox.release(
            command.queue,
            [each for each, outcome in outcomes.items() if isinstance(outcome, Exception)],
        )
        awaited = {each.message_id for each in fresh if each.operation is not None}
        for refusal in refusals:
            await self._refuse(refusal, is_awaited=refusal.delivery.stored_id in awaited)

    async def _refuse(self, refusal: Refusal, *, is_awaited: bool) -> None:
        delivery, error = refusal.delivery, refusal.error
        if isinstance(error, Unavailable):
            raise error
        with restored_request_id(delivery.headers):
            if refusal.awaits is not None:
                await self._waiting.add(
                    delivery.queue, delivery.stored_id, delivery.body, refusal.awaits
                )
            elif is_awaited and delivery.operation_id is not None:
                # The operation tells its sender, and nobody else has to act on it.
                await self._operations.mark_failed(delivery.queue, delivery.operation_id, error)
            else:
                await self._park(delivery, error)

    async def fail(self, delivery: Delivery, error: Exception) -> None:
        """Postpone a message whose handler raised, or park it after the last attempt."""
        logger.error(
            "message %s of queue %s failed", delivery.stored_id, delivery.queue, exc_info=error
        )
        with restored_request_id(delivery.headers):
            if delivery.attempts + 1 < MAX_ATTEMPTS:
                await self._postpone(delivery)
                return
            kind = "database" if is_database_error(error) else type(error).__name__
            reason = f"it failed {MAX_ATTEMPTS} times, with {kind} the last time"
            await self._park(delivery, HandlerFailed(reason))

    async def _postpone(self, delivery: Delivery) -> None:
        again = replace(delivery, message_id=delivery.stored_id, attempts=delivery.attempts + 1)
        await self._letters.postpone(
            again.queue, again.stored_id, again.body, again.attempts, delay_after(again.attempts)
        )
        if again.operation_id is not None:
            await self._operations.count_attempt(again.queue, again.operation_id)

    async def _park(self, delivery: Delivery, error: DomainError) -> None:
        await self._letters.park(
            delivery.queue,
            delivery.stored_id,
            delivery.body,
            error.code,
            _reason(error),
            delivery.attempts + 1,
        )
        if delivery.operation_id is not None:
            await self._operations.mark_failed(delivery.queue, delivery.operation_id, error)


def _reason(error: DomainError) -> str:
    errors = error.context.get("errors", ())
    details = "; ".join(f"{each.get('pointer', '')} {each['detail']}".strip() for each in errors)
    reason = f"{error.detail}: {details}" if details else error.detail
    # The name of a field may contain a zero, which PostgreSQL does not store in a text.
    return reason.replace("\0", "\\0")
