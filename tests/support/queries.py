"""Counts and keeps the SQL statements that a shop sends to its database."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.wiring.resources import Shop


class Statement(NamedTuple):
    """What one statement said to the driver, and with which values."""

    sql: str
    parameters: Any


@contextmanager
def statements_of(shop: Shop) -> Iterator[list[Statement]]:
    """Note every statement of a shop, in the order in which they were sent."""
    noted: list[Statement] = []
    with ExitStack() as stack:
        for engine in shop.database.engines:
            stack.enter_context(_noting(engine, noted))
        yield noted


async def plan_of(shop: Shop, statement: Statement) -> str:
    """Return how the database executes a statement, without reading a whole table."""
    async with shop.database.reader.connect() as connection:
        if not shop.database.is_sqlite:
            # With few rows, PostgreSQL would rather read the table.
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN" if shop.database.is_sqlite else "EXPLAIN"
        plan = await connection.exec_driver_sql(f"{explain} {statement.sql}", statement.parameters)
        return "\n".join(str(row[-1]) for row in plan)


@contextmanager
def _noting(engine: AsyncEngine, noted: list[Statement]) -> Iterator[None]:
    def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_more: Any) -> None:
        # The cache looks after itself all the time.
        if "cache_drops" not in sql:
            noted.append(Statement(sql, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
