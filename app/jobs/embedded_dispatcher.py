"""Replaces the broker if there is none: the outbox is the queue."""

import asyncio
from itertools import groupby

from app.core.queues import TASK_QUEUE
from app.jobs.requested_reports import run_task
from app.messaging.commands import COMMANDS
from app.messaging.delivery import Delivery
from app.messaging.pipeline import Pipeline
from app.messaging.waiting import apply_waiting
from app.runtime.supervisor import end, repeat
from app.wiring.areas.messaging import provide_outbox
from app.wiring.resources import Shop

_BATCH_SIZE = 100
_POLL_SECONDS = 1.0


async def dispatch_commands(shop: Shop) -> None:
    """Apply commands as they become due, until cancelled."""
    pipeline = Pipeline(shop)
    waiting = asyncio.create_task(apply_waiting(shop, pipeline))
    try:
        await _dispatch_due_commands(shop, pipeline)
    finally:
        await end([waiting])


async def _dispatch_due_commands(shop: Shop, pipeline: Pipeline) -> None:

    async def dispatch() -> None:
        if not await dispatch_due(shop, pipeline):
            await shop.database.outbox_written(_POLL_SECONDS)

    await repeat("commands", dispatch)


async def dispatch_due(shop: Shop, pipeline: Pipeline) -> bool:
    """Apply the commands that are due; return whether there were any.

    After a crash before the rows are deleted, they are delivered again, and the inbox ignores them.
    """
    if shop.database.is_sqlite:
        return await _dispatch(shop, pipeline)
    # Only one process applies commands at a time: two would both postpone a message that fails.
    async with shop.database.write() as session:
        is_ours = await provide_outbox(session, shop).try_lock()
        return is_ours and await _dispatch(shop, pipeline)


async def _dispatch(shop: Shop, pipeline: Pipeline) -> bool:
    async with shop.database.read() as session:
        messages = await provide_outbox(session, shop).find_due(_BATCH_SIZE)
    for queue, group in groupby(messages, lambda each: each.routing_key):
        rows = list(group)
        if queue in COMMANDS:
            await pipeline.process(
                [
                    Delivery(queue, row.message_id, row.body, row.attempts, headers=row.headers)
                    for row in rows
                ]
            )
        elif queue == TASK_QUEUE:
            for row in rows:
                await run_task(shop, row.body)
        async with shop.database.write() as session:
            await provide_outbox(session, shop).mark_sent([row.position for row in rows])
    return bool(messages)
