"""How much begins in one turn of the event loop."""

import asyncio
from pathlib import Path

from app.observability.http_metrics import HttpMetrics
from app.runtime.turns import Turns
from app.web.middleware.edge import Edge
from tests.conftest import sqlite_settings


async def test_as_many_begin_in_each_turn_as_may_and_in_their_order() -> None:
    turns, begun, turn = Turns(10), list[tuple[int, int]](), 0

    async def begin(number: int) -> None:
        await turns.begin()
        begun.append((turn, number))

    tasks = [asyncio.ensure_future(begin(number)) for number in range(45)]
    while len(begun) < 45:
        await asyncio.sleep(0)
        turn += 1
    assert [number for _, number in begun] == list(range(45))
    counts = [sum(its == each for its, _ in begun) for each in range(turn)]
    assert [count for count in counts if count] == [10, 10, 10, 10, 5]
    await asyncio.gather(*tasks)


async def test_one_that_is_cancelled_while_it_waits_takes_no_place() -> None:
    turns = Turns(1)
    await turns.begin()
    waiting = [asyncio.ensure_future(turns.begin()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting[1:])
    waiting[1].cancel()
    await asyncio.wait_for(waiting[0], 1)
    await asyncio.wait_for(waiting[2], 1)
    # All places are free again.
    await asyncio.wait_for(turns.begin(), 1)


async def test_the_health_does_not_wait_behind_requests_that_arrive_together(
    tmp_path: Path,
) -> None:
    reached = list[str]()

    async def application(scope: dict[str, str], _receive: object, _send: object) -> None:
        reached.append(scope["path"])

    edge = Edge(application, sqlite_settings(tmp_path), HttpMetrics())  # type: ignore[arg-type]
    paths = [*(f"/api/v1/products/{number}" for number in range(500)), "/health/live"]
    calls = [
        edge(
            {"type": "http", "method": "GET", "path": path, "headers": [], "client": None},  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
        )
        for path in paths
    ]
    await asyncio.gather(*calls)
    assert reached.index("/health/live") < 50
    assert [path for path in reached if path != "/health/live"] == paths[:-1]
