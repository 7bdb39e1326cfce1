"""The helpers of tests compare and delete every row of every table."""

from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, insert

from app.wiring.resources import Shop
from tests.support.refusals import NOTHING
from tests.support.tables import TABLES, delete_everything, everything

# The sums of the other columns, each of which is 1.
SUMS: dict[str, dict[str, Any]] = {"invoices": {"total_minor": 2}}
COMPARED = [table for table in TABLES if table.name != "cache_drops"]


def row_of(table: Table, shop: Shop) -> dict[str, Any]:
    """Return a row that satisfies the constraints of a table, except its foreign keys."""
    now = shop.clock.now()
    some: dict[type, Any] = {
        UUID: UUID(NOTHING),
        int: 1,
        bool: True,
        str: "GB",
        bytes: bytes(32),
        datetime: now,
        date: now.date(),
        dict: {},
        # JSON of any kind.
        object: {},
    }
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.server_default is not None:
            continue
        if column.nullable:
            # A value may have to be larger or later than another one.
            row[column.name] = None
            continue
        kind = column.type.python_type
        row[column.name] = next(iter(kind)) if issubclass(kind, Enum) else some[kind]
    return row | SUMS.get(table.name, {})


async def add_row(shop: Shop, table: Table) -> None:
    """Add a row to a table; its foreign keys may refer to missing rows."""
    if shop.database.is_sqlite:
        before, after = "PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"
    else:
        before, after = "SET session_replication_role = replica", "RESET session_replication_role"
    async with shop.database.writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        # In a transaction the setting of SQLite has no effect.
        await driver.execute(before)
        async with connection.begin():
            await connection.execute(insert(table).values(row_of(table, shop)))
        await driver.execute(after)


@pytest.mark.parametrize("table", COMPARED, ids=str)
async def test_a_row_in_any_table_is_a_change_until_it_is_deleted(shop: Shop, table: Table) -> None:
    await delete_everything(shop)
    empty = await everything(shop)
    assert empty == {each.name: [] for each in COMPARED}
    await add_row(shop, table)
    full = await everything(shop)
    assert [name for name, rows in full.items() if rows] == [table.name]
    assert len(full[table.name]) == 1
    await delete_everything(shop)
    assert await everything(shop) == empty
