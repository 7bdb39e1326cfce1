"""Runs a race on PostgreSQL and on SQLite, with or without a planted mistake."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from app.settings import Settings
from benchmarks.orders import end_with
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.servers import start_postgres

Run = Callable[[Settings, Console], Awaitable[list[str]]]
"""Runs over one database; returns the faults."""


def run_on_both(run: Run, *, is_bug: bool, **settings: Any) -> None:
    """Run over new databases; exit with 1 after a fault, or if a planted one was not found.

    `settings` are those of the shops, without their databases.
    """
    console, faults = Console(), []
    with tempfile.TemporaryDirectory() as name, start_postgres() as server:
        folder = Path(name)
        server.create_database("race")
        on_server = postgres_settings(server, "race", data_dir=folder / "postgres", **settings)
        for its in (on_server, sqlite_settings(folder / "sqlite", **settings)):
            its.data_dir.mkdir()
            found = asyncio.run(_awaited(run, its, console))
            if is_bug:
                console.print(*found[:2], sep="\n")
                found = [] if found else ["the mistake was not found"]
            faults += found
    end_with(faults)


async def _awaited(run: Run, settings: Settings, console: Console) -> list[str]:
    return await run(settings, console)
