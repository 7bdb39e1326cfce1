"""Reads and deletes the rows of all tables of a shop, each in one round trip."""

import sqlite3
from contextlib import closing
from typing import Any

from sqlalchemy import select

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


async def everything(shop: Shop) -> dict[str, list[Any]]:
    """Return every row of every table but `cache_drops`, to be compared with how it was before."""
    if shop.database.is_sqlite:
        rows = _in_file(str(shop.database.url.database))
    else:
        async with shop.database.reader.connect() as connection:
            rows = dict((await connection.exec_driver_sql(_AT_ONCE)).mappings().one())
    # The cache forgets at any time what it has seen to.
    del rows["cache_drops"]
    return rows


def _in_file(path: str) -> dict[str, list[Any]]:
    # A connection of its own, because each statement of the shop's waits for a thread.
    with closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(query).fetchall() for name, query in _ORDERED.items()}


async def delete_everything(shop: Shop) -> None:
    """Delete every row of every table."""
    if not shop.database.is_sqlite:
        async with shop.database.reader.connect() as connection:
            await connection.exec_driver_sql(f"DO $$ BEGIN {_DELETIONS} END $$")
        return
    async with shop.database.writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.executescript(f"BEGIN IMMEDIATE; {_DELETIONS}{_SEARCH_DELETIONS} COMMIT")


async def stored_values(shop: Shop) -> dict[str, list[Any]]:
    """Return the rows of every table with their values in the types of Python."""
    async with shop.database.read() as session:
        return {
            table.name: [tuple(row) for row in await session.execute(select(table))]
            for table in TABLES
        }
