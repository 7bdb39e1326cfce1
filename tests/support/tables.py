"""Reads and deletes the rows of all tables of a shop, each in one round trip."""

import os
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.jobs.errands.demo_pictures import DEMO_PICTURE
from app.models import Base
from app.wiring.resources import Shop

TABLES = Base.metadata.sorted_tables
_ORDERED = {
    table.name: f"SELECT * FROM {table.name} ORDER BY {', '.join(table.primary_key.columns.keys())}"
    for table in TABLES
}
_AT_ONCE = "SELECT " + ", ".join(
    f"ARRAY(SELECT each::text FROM {table.name} AS each ORDER BY 1) AS {table.name}"
    for table in TABLES
)
# TRUNCATE recreates the files of each table: on the few rows of a test DELETE is much faster.
_DELETIONS = "".join(f"DELETE FROM {table.name}; " for table in reversed(TABLES))
_SEARCH_DELETIONS = "DELETE FROM product_search; DELETE FROM product_search_rows; "
# The pictures that a demo shop draws in six seconds.
_PICTURES = 40
_WRITER_SECONDS = 60

Rows = dict[str, list[Any]]


class Reader:
    """A connection to a SQLite file, which reads the file again only after a change."""

    def __init__(self, path: str) -> None:
        self.file = _file_at(path)
        # Each table has its own statement; its cursor is closed after it has been read.
        self._connection = sqlite3.connect(path, cached_statements=2 * len(TABLES))
        self._version: int | None = None
        self._rows: Rows = {}

    def rows(self) -> Rows:
        """Return every row of every table."""
        execute = self._connection.execute
        # The version changes with every commit of another connection; this one never commits.
        ((version,),) = execute("PRAGMA data_version").fetchall()
        if version != self._version:
            self._rows = {name: execute(query).fetchall() for name, query in _ORDERED.items()}
            self._version = version
        return {name: [*rows] for name, rows in self._rows.items()}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


_readers: list[Reader] = []
"""The reader of the file that was read last."""


def _file_at(path: str) -> tuple[str, int, int]:
    status = os.stat(path)
    # A file may be deleted and replaced by another one with the same path.
    return path, status.st_dev, status.st_ino


async def everything(shop: Shop) -> Rows:
    """Return every row of every table but `cache_drops`, to be compared before and after."""
    if shop.database.is_sqlite:
        rows = _in_file(str(shop.database.url.database))
    else:
        async with shop.database.reader.connect() as connection:
            rows = dict((await connection.exec_driver_sql(_AT_ONCE)).mappings().one())
    # The cache deletes its processed rows at any time.
    del rows["cache_drops"]
    return rows


def _in_file(path: str) -> Rows:
    # A separate connection, because each statement of the shop's connections waits for a thread.
    if not _readers or _readers[0].file != _file_at(path):
        while _readers:
            _readers.pop().close()
        _readers.append(Reader(path))
    return _readers[0].rows()


async def delete_everything(shop: Shop) -> None:
    """Delete every row of every table."""
    if not shop.database.is_sqlite:
        async with shop.database.reader.connect() as connection:
            await connection.exec_driver_sql(f"DO $$ BEGIN {_DELETIONS} END $$")
        return
    async with shop.database.writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.executescript(f"BEGIN IMMEDIATE; {_DELETIONS}{_SEARCH_DELETIONS} COMMIT")


async def put_back(shop: Shop, rows: Rows) -> None:
    """Restore the rows that `everything` has returned to the tables of SQLite, and no others."""
    async with shop.database.writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.in_thread(partial(_write, rows))


def _write(rows: Rows, connection: sqlite3.Connection) -> None:
    connection.executescript(f"BEGIN IMMEDIATE; {_DELETIONS}{_SEARCH_DELETIONS}")
    # Rows of one table may refer to each other.
    connection.execute("PRAGMA defer_foreign_keys = ON")
    for table in TABLES:
        if its := rows.get(table.name):
            places = ", ".join("?" * len(its[0]))
            connection.executemany(f"INSERT INTO {table.name} VALUES ({places})", its)
    connection.execute("COMMIT")


async def stored_values(shop: Shop) -> dict[str, list[Any]]:
    """Return the rows of every table with their values as Python types."""
    async with shop.database.read() as session:
        return {
            table.name: [tuple(row) for row in await session.execute(select(table))]
            for table in TABLES
        }


def draw_few_pictures(database: Path) -> None:
    """Cancel all but the next pictures of products, which would take half a minute of a core."""
    later = "SELECT due_at FROM errands WHERE kind = :kind ORDER BY due_at LIMIT 1 OFFSET :pictures"
    with closing(sqlite3.connect(database, _WRITER_SECONDS, isolation_level=None)) as connection:
        connection.execute(
            f"DELETE FROM errands WHERE kind = :kind AND due_at >= ({later})",
            {"kind": DEMO_PICTURE, "pictures": _PICTURES},
        )
