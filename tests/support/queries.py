"""Counts and keeps the SQL statements that a shop sends to its database."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event
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
