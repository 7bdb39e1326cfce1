"""The statements of SQLite run on the event loop or in the thread, without blocking the loop."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user, place_order
from tests.support.queries import Run, counted_hops, watched_runs
from tests.test_database.test_sqlite.conftest import ROWS, Engines

BY_KEY = text("SELECT words FROM goods WHERE id = :id")
ADD = text("INSERT INTO goods (id, sku) VALUES (:id, :sku)")
NEW = {"id": ROWS + 1, "sku": "new"}
_STEPS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
LONG = text(f"{_STEPS.format(300_000)} SELECT count(*) FROM n")
LONGER = text(f"{_STEPS.format(3_000_000)} SELECT count(*) FROM n")
LONGEST_SECONDS = 0.005


def places(runs: list[Run], start: str = "") -> list[str]:
    """Return the places in which statements with a beginning ran, in order."""
    return [
        "loop" if run.is_on_loop else "thread" for run in runs if run.statement.startswith(start)
    ]


async def first_of(connection: AsyncConnection) -> object:
    """Return the text of the first row."""
    return await connection.scalar(BY_KEY, {"id": 1})


async def test_a_read_by_a_key_needs_no_thread(engines: Engines) -> None:
    reader = engines.reader.execution_options(isolation_level="AUTOCOMMIT")
    async with reader.connect() as connection:
        await first_of(connection)
    with counted_hops() as hops:
        async with reader.connect() as connection:
            assert await first_of(connection) == "tea no. 1"
    assert not hops


@pytest.mark.any_database
async def test_an_order_uses_the_thread_only_to_commit(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user = await create_user(client)
    products = [(await create_product(client))["id"] for _ in range(3)]
    await place_order(client, user["id"], {each: 1 for each in products})
    with counted_hops() as hops:
        await place_order(client, user["id"], {each: 1 for each in products})
    assert shop.database.is_sqlite
    assert len(hops) == 1


async def test_a_long_read_is_stopped_on_the_loop_and_repeated_in_the_thread(
    engines: Engines,
) -> None:
    async with engines.reader.connect() as connection:
        with watched_runs() as runs:
            assert await connection.scalar(LONG) == 300_000
            assert await first_of(connection) == "tea no. 1"
    assert places(runs) == ["loop", "thread", "loop"]


async def test_all_rows_of_a_long_list_come_from_the_repetition(engines: Engines) -> None:
    async with engines.reader.connect() as connection:
        with watched_runs() as runs:
            found = (await connection.execute(text("SELECT id FROM goods"))).scalars().all()
    assert sorted(found) == list(range(1, ROWS + 1))
    assert places(runs) == ["loop", "thread"]


async def test_a_stopped_read_undoes_nothing_of_its_transaction(engines: Engines) -> None:
    async with engines.writer.begin() as connection:
        await connection.execute(ADD, NEW)
        with watched_runs() as runs:
            await connection.scalar(LONG)
        assert places(runs) == ["loop", "thread"]
        await connection.execute(ADD, {"id": ROWS + 2, "sku": "newer"})
    async with engines.reader.connect() as connection:
        assert await connection.scalar(text("SELECT max(id) FROM goods")) == ROWS + 2


async def test_a_refused_write_on_the_loop_is_an_error_that_a_savepoint_undoes(
    engines: Engines,
) -> None:
    async with engines.writer.begin() as connection:
        await connection.execute(ADD, NEW)
        with watched_runs() as runs, pytest.raises(IntegrityError):
            async with connection.begin_nested():
                await connection.execute(ADD, {"id": ROWS + 2, "sku": "newer"})
                await connection.execute(ADD, [{"id": ROWS + 3, "sku": "last"}, NEW])
        assert places(runs, "INSERT") == ["loop", "loop"]
    async with engines.reader.connect() as connection:
        assert await connection.scalar(text("SELECT max(id) FROM goods")) == ROWS + 1


async def test_the_wait_for_a_lock_of_another_program_is_in_the_thread(
    engines: Engines, path: Path
) -> None:
    async def write() -> None:
        async with engines.writer.begin() as connection:
            await connection.execute(ADD, NEW)

    async with engines.writer.connect():
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as other, watched_runs() as runs:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.3)
        assert not writing.done()
        other.execute("ROLLBACK")
        await writing
    assert places(runs, "BEGIN") == ["loop", "thread"]


async def test_a_lock_that_is_not_released_is_an_error_after_the_timeout(
    engines: Engines, path: Path
) -> None:
    async with engines.writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(OperationalError) as caught:
                await connection.execute(BY_KEY, {"id": 1})
    assert getattr(caught.value.orig, "sqlite_errorcode") == sqlite3.SQLITE_BUSY
    assert not driver.in_transaction


async def test_consecutive_statements_yield_to_other_tasks(
    engines: Engines,
) -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    taking = asyncio.create_task(take_turns())
    async with engines.reader.connect() as connection:
        # Opening the connection has yielded, too.
        before = turns
        with watched_runs() as runs:
            for _ in range(2_000):
                await first_of(connection)
        taken = turns - before
    taking.cancel()
    assert "thread" not in places(runs)
    # Each pair of milliseconds, and the statements take more than 20 pairs.
    assert taken > 20


async def test_no_statement_blocks_the_event_loop_for_5_ms(engines: Engines) -> None:
    many = [{"id": ROWS + each, "sku": f"new {each}"} for each in range(1, 5_000)]
    numbers = ", ".join(str(each) for each in range(1, 2_000))
    async with engines.writer.begin() as connection:
        with watched_runs() as runs:
            for statement in (
                "SELECT * FROM goods",
                "SELECT * FROM goods ORDER BY words DESC LIMIT 20",
                "SELECT shelf, count(*), min(sku) FROM goods GROUP BY shelf",
                "SELECT count(*) FROM goods",
                "SELECT count(*) FROM goods WHERE words LIKE '%9%'",
                "SELECT count(DISTINCT words) FROM goods JOIN stock ON good = id",
                "SELECT group_concat(words) FROM goods",
                "SELECT words FROM found WHERE found MATCH 'tea' ORDER BY rank",
                f"SELECT * FROM goods WHERE id IN ({numbers})",
                "SELECT * FROM goods WHERE id = 7",
                "UPDATE goods SET shelf = 'new' WHERE id = 7",
                "UPDATE goods SET shelf = shelf + 1",
                "INSERT INTO stock SELECT good, 2, pieces FROM stock",
                "DELETE FROM stock",
                "CREATE INDEX goods_by_words ON goods (words)",
            ):
                await connection.execute(text(statement))
            await connection.execute(ADD, many)
        await connection.rollback()
    on_loop = [run for run in runs if run.is_on_loop]
    assert {"loop", "thread"} == set(places(runs))
    assert max(run.cpu_seconds for run in on_loop) < LONGEST_SECONDS


async def test_a_cancelled_read_leaves_the_other_connections_usable(engines: Engines) -> None:
    async def read() -> None:
        async with engines.reader.connect() as connection:
            await connection.scalar(LONGER)

    with watched_runs() as runs:
        reading = asyncio.create_task(read())
        while "loop" not in places(runs):
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        async with engines.reader.connect() as connection:
            assert await first_of(connection) == "tea no. 1"


async def test_a_closed_connection_is_an_error_and_is_then_replaced(
    engines: Engines,
) -> None:
    async with engines.reader.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.close()
        with pytest.raises(OperationalError) as caught:
            await first_of(connection)
    assert caught.value.connection_invalidated
    async with engines.reader.connect() as connection:
        assert await first_of(connection) == "tea no. 1"
