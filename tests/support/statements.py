"""Where the statements of SQLite run, and how long the event loop is busy with them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from app.database.sqlite.connection import Connection
from app.database.sqlite.driver import Cursor


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a statement; a read that was stopped and repeated has two."""

    statement: str
    is_on_loop: bool
    cpu_seconds: float
    """Of the thread in which it ran, whatever other processes did meanwhile."""
    seconds: float


@contextmanager
def watched_runs() -> Iterator[list[Run]]:
    """Note every run of a statement of SQLite; the caller is in the thread of the event loop."""
    loop_thread = threading.get_ident()
    runs: list[Run] = []

    def watched(run: Callable[..., None]) -> Callable[..., None]:
        def timed(cursor: Cursor, statement: str, values: Any) -> None:
            cpu_before, before = time.thread_time(), time.perf_counter()
            try:
                run(cursor, statement, values)
            finally:
                runs.append(
                    Run(
                        statement,
                        threading.get_ident() == loop_thread,
                        time.thread_time() - cpu_before,
                        time.perf_counter() - before,
                    )
                )

        return timed

    with (
        patch.object(Cursor, "run", watched(Cursor.run)),
        patch.object(Cursor, "run_many", watched(Cursor.run_many)),
    ):
        yield runs


@contextmanager
def counted_hops() -> Iterator[list[Any]]:
    """Note every function that runs in the thread of a connection to SQLite."""
    hops: list[Any] = []

    def noting(run: Callable[..., Any]) -> Callable[..., Any]:
        def noted(connection: Connection, function: Any) -> Any:
            hops.append(function)
            return run(connection, function)

        return noted

    with patch.object(Connection, "run", noting(Connection.run)):
        yield hops
