"""Applies the commands that wait in the database for the resource that they change."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

from app.messaging.commands import COMMANDS, Services, Subject
from app.messaging.delivery import Delivery
from app.messaging.pipeline import Pipeline
from app.models import OutboxMessage
from app.runtime.supervisor import repeat
from app.services.messaging.waiting_command_service import WaitingCommandService
from app.wiring.areas.messaging import provide_waiting_commands
from app.wiring.resources import Shop

_CHUNK = 1_000
_BATCH_SIZE = 200
_POLL_SECONDS = 1.0
_LONGEST_SHARE = 0.1

_Find = Callable[[WaitingCommandService], Awaitable[Sequence[OutboxMessage]]]


async def apply_waiting(shop: Shop, pipeline: Pipeline) -> None:
    """Apply waiting commands as soon as the resource that they change exists, until cancelled."""
    loop = asyncio.get_running_loop()

    async def apply() -> None:
        started = loop.time()
        await apply_arrived(shop, pipeline)
        # A long list of waiting commands is checked less often.
        await asyncio.sleep(max(_POLL_SECONDS, (loop.time() - started) / _LONGEST_SHARE))

    await repeat("waiting commands", apply)


async def apply_arrived(shop: Shop, pipeline: Pipeline) -> None:
    """Apply the commands whose subject exists, and those that have reached the maximum wait.

    They are not sent to the broker again: there they would be queued behind later commands of the
    same subject.
    """
    for queue, command in COMMANDS.items():
        if command.subject is not None:
            waiting = _Waiting(shop, pipeline, queue)
            await waiting.apply_arrived(command.subject)
            await waiting.apply_overdue()


class _Waiting:
    """The waiting commands of one queue."""

    def __init__(self, shop: Shop, pipeline: Pipeline, queue: str) -> None:
        self._shop = shop
        self._pipeline = pipeline
        self._queue = queue

    async def apply_arrived(self, subject: Subject) -> None:
        """Apply the commands whose subject exists."""
        after: UUID | None = None
        while True:
            async with self._shop.database.read() as session:
                commands = provide_waiting_commands(session, self._shop)
                awaited = await commands.awaited(self._queue, after, _CHUNK)
                if not awaited:
                    return
                existing = await subject.existing(Services(session, self._shop), awaited)
            if existing:
                await self._apply_for(existing)
            after = awaited[-1]

    async def _apply_for(self, existing: Collection[UUID]) -> None:
        await self._apply_all(
            lambda commands: commands.waiting_for(self._queue, existing, _BATCH_SIZE)
        )

    async def apply_overdue(self) -> None:
        """Apply or park the commands that have reached the maximum wait."""
        await self._apply_all(lambda commands: commands.overdue(self._queue, _BATCH_SIZE))

    async def _apply_all(self, find: _Find) -> None:
        """Apply the commands that are found, batch by batch."""
        while True:
            async with self._shop.database.read() as session:
                rows = await find(provide_waiting_commands(session, self._shop))
            if not rows:
                return
            await self._apply(rows)

    async def _apply(self, rows: Sequence[OutboxMessage]) -> None:
        """Apply commands and delete their rows; after a crash in between, the inbox knows them.

        Two processes may apply the same rows; the inbox applies each of them once.
        """
        await self._pipeline.process(
            [
                Delivery(
                    self._queue,
                    row.message_id,
                    row.body,
                    row.attempts,
                    headers=row.headers,
                    has_waited=True,
                )
                for row in rows
            ]
        )
        async with self._shop.database.write() as session:
            await provide_waiting_commands(session, self._shop).delete(
                [row.position for row in rows]
            )
