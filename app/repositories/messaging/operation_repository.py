"""Queries over operations."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import String, cast, delete, or_, select, update

from app.errors import OperationNotFound
from app.models import FINISHED, Operation, OperationState
from app.repositories.base import Repository
from app.repositories.bulk import MAX_SEARCHED, among


class OperationRepository(Repository[Operation]):
    """Operations, each of the caller who started it."""

    model = Operation
    not_found = OperationNotFound

    async def get_of(self, owner: UUID | None, operation_id: UUID) -> Operation:
        """Return an operation of `owner`, or of any caller if it is None.

        Raises:
            OperationNotFound: the operation does not exist, or the caller may not see it.
        """
        query = self.query().where(Operation.id == operation_id)
        if owner is not None:
            query = query.where(Operation.user_id == owner)
        # An operation is polled within one session, whose loaded row may be outdated.
        return await self._one(query.execution_options(populate_existing=True), operation_id)

    async def of_messages(self, queue: str, message_ids: Collection[UUID]) -> Sequence[Operation]:
        """Return the operations that these messages of a queue carry out."""
        if not message_ids:
            return ()
        query = select(Operation).where(
            among(self.session, Operation.id, message_ids), Operation.queue == queue
        )
        return (await self.session.scalars(query)).all()

    async def ids_among(self, queue: str, message_ids: Collection[UUID]) -> Sequence[UUID]:
        """Return those of the ids that belong to operations of a queue."""
        query = select(Operation.id).where(
            among(self.session, Operation.id, message_ids), Operation.queue == queue
        )
        return (await self.session.scalars(query)).all()

    async def versions(self, operation_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return the versions of operations by id; those that do not exist are absent."""
        query = select(Operation.id, Operation.version).where(
            among(self.session, Operation.id, operation_ids)
        )
        return {each.id: each.version for each in await self.session.execute(query)}

    async def mark_running(self, message_ids: Collection[UUID], at: datetime) -> None:
        """Mark the operations of these messages as running."""
        await self.session.execute(
            update(Operation)
            .where(
                among(self.session, Operation.id, message_ids),
                Operation.state == OperationState.QUEUED,
            )
            .values(state=OperationState.RUNNING, updated_at=at, version=Operation.version + 1)
        )

    async def delete_of_user(self, user_id: UUID) -> None:
        """Delete the operations of a user."""
        await self.session.execute(delete(Operation).where(Operation.user_id == user_id))

    async def with_results_about(self, ids: Sequence[UUID]) -> Sequence[Operation]:
        """Return the operations whose result contains an id of users or orders, locked."""
        found: list[Operation] = []
        result = cast(Operation.result, String)
        for start in range(0, len(ids), MAX_SEARCHED):
            about = or_(*(result.contains(str(each)) for each in ids[start:][:MAX_SEARCHED]))
            query = select(Operation).where(about).order_by(Operation.id).with_for_update()
            found += await self.session.scalars(query)
        return found

    async def delete_finished(self, before: datetime) -> None:
        """Delete the operations that finished before a time."""
        await self.session.execute(
            delete(Operation).where(
                Operation.updated_at < before,
                Operation.state.in_(FINISHED),
            )
        )
