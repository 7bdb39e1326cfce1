"""Records the statements that a database gets, and the threads in which those of SQLite run."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest.mock import patch

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.sqlite import driver
from app.database.sqlite.driver import Outcome
from app.database.sqlite.file import File
from app.wiring.resources import Shop


class Statement(NamedTuple):
    """The text of a statement as the driver gets it, and its parameters."""

    sql: str
    parameters: Any


@contextmanager
def statements_of(shop: Shop) -> Iterator[list[Statement]]:
    """Record every statement of a shop, in the order of sending."""
    noted: list[Statement] = []
    with ExitStack() as stack:
        for engine in shop.database.engines:
            stack.enter_context(_noting(engine, noted))
        yield noted


async def plan_of(
    shop: Shop, statement: Statement, *avoided: str, is_executed: bool = False
) -> str:
    """Return how the database executes a statement.

    `avoided` are plan nodes that PostgreSQL uses only if there is no alternative ("seqscan",
    "sort"): with few rows it would prefer to read the whole table. If it `is_executed`, which is
    possible on PostgreSQL only, the plan has the number of rows of each node.
    """
    # The writer, because the reader has no transaction, without which SET LOCAL has no effect.
    engine = shop.database.reader if shop.database.is_sqlite else shop.database.writer
    async with engine.connect() as connection:
        if not shop.database.is_sqlite:
            for way in avoided:
                await connection.execute(text(f"SET LOCAL enable_{way} = off"))
        explain = "EXPLAIN QUERY PLAN" if shop.database.is_sqlite else "EXPLAIN"
        explain += " ANALYZE" if is_executed else ""
        plan = await connection.exec_driver_sql(f"{explain} {statement.sql}", statement.parameters)
        return "\n".join(str(row[-1]) for row in plan)


async def generic_plan_of(shop: Shop, statement: Statement, *avoided: str) -> str:
    """Return how PostgreSQL executes a statement with a plan that does not depend on its values.

    It may do so from the sixth execution on. `avoided` is as in `plan_of`.
    """
    async with shop.database.writer.connect() as connection:
        await connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        for way in avoided:
            await connection.execute(text(f"SET LOCAL enable_{way} = off"))
        # Prepared by the driver: EXPLAIN with values would plan for these values.
        by_driver: Any = (await connection.get_raw_connection()).driver_connection
        await by_driver.execute(f"PREPARE explained AS {statement.sql}")
        values = ", ".join(["NULL"] * len(statement.parameters))
        plan = await by_driver.fetch(f"EXPLAIN EXECUTE explained({values})")
        await by_driver.execute("DEALLOCATE explained")
        return "\n".join(row[0] for row in plan)


async def analyze(shop: Shop, *tables: str) -> None:
    """Update the statistics of tables, which the database would do later by itself."""
    async with shop.database.reader.connect() as connection:
        # Until VACUUM cleans up the index, recently added rows make it look expensive.
        is_sqlite = shop.database.is_sqlite
        await connection.execute(
            text("ANALYZE" if is_sqlite else f"VACUUM ANALYZE {', '.join(tables)}")
        )


@contextmanager
def _noting(engine: AsyncEngine, noted: list[Statement]) -> Iterator[None]:
    def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_more: Any) -> None:
        # The cache sends its own statements continuously.
        if "cache_drops" not in sql:
            noted.append(Statement(sql, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a statement; a read that was stopped and repeated has two."""

    statement: str
    is_on_loop: bool
    cpu_seconds: float
    """The CPU time of the thread in which it ran, without other processes."""
    seconds: float


@contextmanager
def watched_runs() -> Iterator[list[Run]]:
    """Record every run of a statement of SQLite; the caller is in the event loop's thread."""
    loop_thread = threading.get_ident()
    runs: list[Run] = []

    def watched(run: Callable[..., Outcome]) -> Callable[..., Outcome]:
        def timed(file: sqlite3.Connection, operation: str, values: Any) -> Outcome:
            cpu_before, before = time.thread_time(), time.perf_counter()
            try:
                return run(file, operation, values)
            finally:
                runs.append(
                    Run(
                        operation,
                        threading.get_ident() == loop_thread,
                        time.thread_time() - cpu_before,
                        time.perf_counter() - before,
                    )
                )

        return timed

    with (
        patch.object(driver, "run", watched(driver.run)),
        patch.object(driver, "run_many", watched(driver.run_many)),
    ):
        yield runs


@contextmanager
def counted_hops() -> Iterator[list[Any]]:
    """Record every function that runs in the thread of a connection to SQLite."""
    hops: list[Any] = []

    def noting(run: Callable[..., Any]) -> Callable[..., Any]:
        def noted(file: File, function: Any) -> Any:
            hops.append(function)
            return run(file, function)

        return noted

    with patch.object(File, "run", noting(File.run)):
        yield hops
