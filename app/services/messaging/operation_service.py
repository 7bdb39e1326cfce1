"""Operations: commands whose caller does not wait for the result."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from app.core.clock import Clock
from app.core.ids import new_id
from app.core.queues import TASK_QUEUE
from app.errors import DomainError
from app.models import FINISHED, Operation, OperationState
from app.observability.request_ids import current_request_id
from app.repositories.messaging.operation_repository import OperationRepository
from app.schemas.base import Schema
from app.schemas.messaging.operation_schema import OperationRead
from app.security.areas import may_see_commands
from app.security.principal import Caller
from app.services.messaging.outbox_service import OutboxService, plain

RETENTION = timedelta(days=7)


class OperationService:
    """Starts commands, returns their progress, and records their results."""

    def __init__(
        self, operations: OperationRepository, outbox: OutboxService, clock: Clock
    ) -> None:
        self._operations = operations
        self._outbox = outbox
        self._clock = clock

    async def begin(self, caller: Caller, queue: str, body: bytes) -> OperationRead:
        """Put a command of the caller on its queue."""
        operation = await self._note(caller, queue)
        await self._outbox.enqueue(queue, str(operation.id), body)
        return OperationRead.model_validate(operation)

    async def begin_task(
        self, caller: Caller, name: str, arguments: dict[str, str]
    ) -> OperationRead:
        """Start a task in the background, as an operation of the caller."""
        operation = await self._note(caller, TASK_QUEUE)
        followed = {"operation_id": str(operation.id), "request_id": current_request_id()}
        await self._outbox.enqueue_task(str(operation.id), name, arguments | followed)
        return OperationRead.model_validate(operation)

    async def _note(self, caller: Caller, queue: str) -> Operation:
        now = self._clock.now()
        operation = Operation(
            id=new_id(now),
            queue=queue,
            user_id=caller.user_id,
            caller=caller.name,
            role=caller.role,
            state=OperationState.QUEUED,
            created_at=now,
            updated_at=now,
        )
        await self._operations.add(operation)
        return operation

    async def get(self, caller: Caller, operation_id: UUID) -> OperationRead:
        """Return an operation, with its result if the caller may see the resource that it concerns.

        Raises:
            OperationNotFound: the operation does not exist, or the caller may not see it.
        """
        operation = await self._operations.get_of(caller.owner, operation_id)
        shown = OperationRead.model_validate(operation)
        # The caller would have received the result, but may have lost the right to it.
        is_own = operation.caller == caller.name and caller.has_rights_of(operation.role)
        if is_own or may_see_commands(caller, operation.queue):
            return shown
        return shown.model_copy(update={"result": None})

    async def of_messages(self, queue: str, message_ids: Collection[UUID]) -> dict[str, Operation]:
        """Return the operations that messages of a queue carry out, by message id."""
        operations = await self._operations.of_messages(queue, message_ids)
        return {str(each.id): each for each in operations}

    async def ids_among(self, queue: str, message_ids: Collection[UUID]) -> Collection[UUID]:
        """Return those of the message ids that are operations; most messages belong to none."""
        return await self._operations.ids_among(queue, message_ids)

    async def versions(self, operation_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return the versions of operations by id, of all callers."""
        return await self._operations.versions(operation_ids)

    async def mark_running(self, message_ids: Collection[UUID]) -> None:
        """Mark the operations of these messages as running."""
        await self._operations.mark_running(message_ids, self._clock.now())

    def mark_succeeded(self, operation: Operation, result: Schema) -> None:
        """Record the result of a command."""
        if self._step(operation, OperationState.SUCCEEDED):
            operation.result = plain(result)

    async def count_attempt(self, queue: str, operation_id: UUID) -> None:
        """Record that a command failed and will be retried."""
        for operation in await self._operations.of_messages(queue, [operation_id]):
            if self._step(operation, OperationState.RUNNING):
                operation.attempts += 1

    async def mark_failed(self, queue: str, operation_id: UUID, error: DomainError) -> None:
        """Record why a command failed permanently."""
        for operation in await self._operations.of_messages(queue, [operation_id]):
            if self._step(operation, OperationState.FAILED):
                operation.problem = _plain(error.as_problem())

    async def delete_finished(self) -> None:
        """Delete the operations that finished long ago."""
        await self._operations.delete_finished(self._clock.now() - RETENTION)

    def _step(self, operation: Operation, state: OperationState) -> bool:
        """Change the state, unless the operation has finished; return whether it was changed."""
        if operation.state in FINISHED:
            return False
        operation.state = state
        operation.updated_at = self._clock.now()
        operation.version += 1
        return True


def _plain(problem: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(problem))
    return members
