"""Runs a kill test: work is done while its processes are killed."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from app.wiring.resources import Shop
from benchmarks.chaos.books import count_settled
from benchmarks.chaos.processes import Herd

_SETTLE_SECONDS = 20


async def weather(
    shop: Shop,
    herd: Herd,
    work: Coroutine[Any, Any, None],
    hunt: Coroutine[Any, Any, None],
    deadline_seconds: float,
) -> str | None:
    """Do all work while processes are killed; return the work that was not done in time."""
    hung = None
    async with asyncio.TaskGroup() as group:
        keeping, hunting = group.create_task(herd.keep()), group.create_task(hunt)
        try:
            async with asyncio.timeout(deadline_seconds):
                await work
        except TimeoutError:
            settled, waiting = await count_settled(shop)
            hung = f"{settled} settled and {waiting} in the outbox at the end"
        finally:
            hunting.cancel()
            with suppress(TimeoutError):
                await asyncio.wait_for(herd.settle(), _SETTLE_SECONDS)
            keeping.cancel()
    return hung
