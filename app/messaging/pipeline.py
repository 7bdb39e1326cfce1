"""How messages are applied: decode, claim, handle, settle, in one transaction per batch."""

import asyncio
import logging
import time
from collections.abc import Sequence
from uuid import UUID

from app.database.sessions import AsyncSession
from app.errors import Unavailable
from app.messaging.claim import claim
from app.messaging.commands import COMMANDS
from app.messaging.decode import decode
from app.messaging.delivery import Delivery, shared_headers
from app.messaging.handle import HandlerRunner
from app.messaging.settle import HandlerFailed, Settlement
from app.messaging.subjects import hold_back
from app.messaging.suspects import Suspects
from app.observability.request_ids import sane_request_id
from app.observability.tracing import REQUEST_ID, batch_span, restored_request_id
from app.runtime.supervisor import GrowingPause
from app.wiring.areas.messaging import (
    provide_dead_letters,
    provide_inbox,
    provide_operations,
    provide_waiting_commands,
)
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_HOLD_SECONDS = (0.2, 2.0)
_FAILED_SECONDS = 10.0


class Pipeline:
    """Applies messages of one queue at a time; its two drivers are the worker and the dispatcher.

    When `process` returns, the outcome of every message is committed: its effect, its postponement
    or its dead letter.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._handler = HandlerRunner(shop)
        self._suspects = Suspects(shop)

    async def process(self, deliveries: Sequence[Delivery]) -> None:
        """Apply, postpone or park messages of one queue; keep them while the database is down."""
        pause = GrowingPause(*_HOLD_SECONDS)
        headers = [each.headers for each in deliveries]
        while True:
            try:
                with (
                    restored_request_id(shared_headers(deliveries)),
                    batch_span(f"process {deliveries[0].queue}", "CONSUMER", headers),
                ):
                    await self._process(deliveries)
                return
            except Unavailable:
                # The messages are not returned to the broker: each return counts as a delivery,
                # also of healthy messages.
                await pause.rest()
            except Exception:  # pylint: disable=broad-exception-caught  # an entry point of its own
                # A message must not end the process: it would be delivered again after the restart.
                logger.exception("messages of queue %s failed and are retried", deliveries[0].queue)
                await asyncio.sleep(_FAILED_SECONDS)

    async def _process(self, deliveries: Sequence[Delivery]) -> None:
        for suspect in (each for each in deliveries if each.is_suspect):
            if await self._suspects.start(suspect):
                await self._apply_or_isolate([suspect])
                await self._suspects.finish(suspect)
        others = [each for each in deliveries if not each.is_suspect]
        if COMMANDS[deliveries[0].queue].is_large:
            for each in others:
                await self._apply_or_isolate([each])
        elif others:
            await self._apply_or_isolate(others)

    async def _apply_or_isolate(self, deliveries: Sequence[Delivery]) -> None:
        """Apply a batch; if that fails outside a handler, apply each of its messages alone."""
        try:
            await self._apply(deliveries)
        except Unavailable:
            raise
        except Exception as error:  # pylint: disable=broad-exception-caught  # isolated below
            if len(deliveries) > 1:
                for each in deliveries:
                    await self._apply_or_isolate([each])
            else:
                await self._fail(deliveries[0], error)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        began = time.perf_counter()
        outcomes = await self._commit(deliveries)
        if (access_log := self._shop.access_log) is None:
            return
        # The time of a message is that of its batch.
        seconds = time.perf_counter() - began
        for delivery, is_applied in outcomes:
            request_id = sane_request_id(delivery.headers.get(REQUEST_ID))
            outcome = "applied" if is_applied else "not applied"
            access_log.message(delivery.queue, delivery.stored_id, outcome, seconds, request_id)

    async def _commit(self, deliveries: Sequence[Delivery]) -> list[tuple[Delivery, bool]]:
        """Return each message that is not a duplicate, and whether it was applied."""
        command = COMMANDS[deliveries[0].queue]
        operation_ids = await self._mark_running(deliveries)
        async with self._shop.database.write() as session:
            waiting = provide_waiting_commands(session, self._shop)
            asked = await provide_operations(session, self._shop).of_messages(
                command.queue, operation_ids
            )
            decoded, invalid = decode(command, deliveries, asked)
            ready, held = await hold_back(waiting, command, decoded)
            fresh, ambiguous = await claim(provide_inbox(session, self._shop), ready)
            outcomes = await self._handler.handle(session, command, fresh)
            refused = [*invalid, *held, *ambiguous]
            await self._settlement(session).settle(command, fresh, outcomes, refused)
        return [
            *(
                (each.delivery, not isinstance(outcomes[each.message_id], Exception))
                for each in fresh
            ),
            *((each.delivery, False) for each in refused),
        ]

    async def _mark_running(self, deliveries: Sequence[Delivery]) -> list[UUID]:
        """Mark the operations of messages as running and commit that; return their ids."""
        ids = [each.operation_id for each in deliveries if each.operation_id is not None]
        if not ids:
            return []
        async with self._shop.database.read() as session:
            operations = provide_operations(session, self._shop)
            # Most messages come from other systems, and their UUIDs belong to no operation.
            ids = list(await operations.ids_among(deliveries[0].queue, ids))
        if ids:
            async with self._shop.database.write() as session:
                await provide_operations(session, self._shop).mark_running(ids)
        return ids

    async def _fail(self, delivery: Delivery, error: Exception) -> None:
        try:
            async with self._shop.database.write() as session:
                await self._settlement(session).fail(delivery, error)
        except Unavailable:
            raise
        except Exception:  # pylint: disable=broad-exception-caught  # nothing else may stop it here
            logger.exception(
                "message %s of queue %s failed outside its handler",
                delivery.stored_id,
                delivery.queue,
            )
            # The reason has no text from the message or the error, which the database could refuse.
            reason = "it failed, and so did storing the reason: the log contains both errors"
            async with self._shop.database.write() as session:
                await provide_dead_letters(session, self._shop).park(
                    delivery.queue, delivery.own_id, delivery.body, HandlerFailed.code, reason, 1
                )

    def _settlement(self, session: AsyncSession) -> Settlement:
        return Settlement(
            provide_dead_letters(session, self._shop),
            provide_inbox(session, self._shop),
            provide_operations(session, self._shop),
            provide_waiting_commands(session, self._shop),
        )
