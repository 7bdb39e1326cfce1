"""The number of tasks that begin in one turn of the event loop."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

from app.observability.http_metrics import HttpMetrics
from app.runtime.turns import Turns
from app.web.middleware.edge import Edge
from tests.conftest import sqlite_settings


async def _counts(turns: Turns, number: int, seconds: float = 0.0) -> list[int]:
    """Begin tasks at once that take some time; return the number that began in each turn."""
    begun, turn = list[tuple[int, int]](), 0

    async def begin(which: int) -> None:
        await turns.begin()
        time.sleep(seconds)
        begun.append((turn, which))

    tasks = [asyncio.ensure_future(begin(each)) for each in range(number)]
    while len(begun) < number:
        await asyncio.sleep(0)
        turn += 1
    await asyncio.gather(*tasks)
    assert [which for _, which in begun] == list(range(number))
    return list(Counter(its for its, _ in begun).values())


async def test_more_tasks_begin_in_each_turn_while_they_take_no_time() -> None:
    assert await _counts(Turns(turn_seconds=1.0), 100) == [8, 16, 32, 32, 12]


async def test_long_tasks_begin_one_at_a_time() -> None:
    assert await _counts(Turns(), 14, seconds=0.006) == [8, *[1] * 6]


async def test_a_cancelled_task_takes_no_slot() -> None:
    turns = Turns()
    first = [asyncio.ensure_future(turns.begin()) for _ in range(8)]
    waiting = [asyncio.ensure_future(turns.begin()) for _ in range(3)]
    await asyncio.sleep(0)
    assert all(each.done() for each in first) and not any(each.done() for each in waiting)
    waiting[1].cancel()
    await asyncio.wait_for(asyncio.gather(waiting[0], waiting[2]), 1)
    # All slots are free again.
    await asyncio.wait_for(turns.begin(), 1)


async def test_health_checks_do_not_wait_for_requests_that_arrive_together(
    tmp_path: Path,
) -> None:
    reached = list[str]()

    async def application(scope: dict[str, str], _receive: object, _send: object) -> None:
        reached.append(scope["path"])

    # Two spellings of ASGI.
    edge: Any = Edge(cast(Any, application), sqlite_settings(tmp_path), HttpMetrics())
    paths = [*(f"/api/v1/products/{number}" for number in range(500)), "/health/live"]
    common: dict[str, Any] = {"type": "http", "method": "GET", "headers": [], "client": None}
    await asyncio.gather(*(edge({**common, "path": path}, None, None) for path in paths))
    assert reached.index("/health/live") < 50
    assert [path for path in reached if path != "/health/live"] == paths[:-1]
