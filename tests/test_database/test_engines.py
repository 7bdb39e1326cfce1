"""The settings of connections to a database, and what they ask a server for."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.engines import postgres_engine
from app.database.sessions import Database
from app.wiring.resources import Shop
from tests.conftest import TEMPLATE
from tests.support.servers import PostgresServer


async def test_a_commit_is_synced_to_the_disk(shop: Shop) -> None:
    asked, durable = (
        ("PRAGMA synchronous", 2) if shop.database.is_sqlite else ("SHOW synchronous_commit", "on")
    )
    async with shop.database.write() as session:
        assert await session.scalar(text(asked)) == durable


@pytest.fixture(name="asked")
def types_that_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the types that connections ask the server for, from now on."""
    asked: list[int] = []
    # pylint: disable-next=protected-access  # the driver calls it, and it has no public name
    ask = asyncpg.Connection._introspect_types

    async def noting(connection: Any, typeoids: Collection[int], timeout: float | None) -> Any:
        asked.extend(typeoids)
        return await ask(connection, typeoids, timeout)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", noting)
    monkeypatch.setattr("app.database.driver._KNOWN_TYPES", {})
    return asked


@asynccontextmanager
async def connected(server: PostgresServer) -> AsyncIterator[AsyncConnection]:
    """Open a new connection to PostgreSQL."""
    engine = postgres_engine(make_url(server.url(TEMPLATE, "postgresql+asyncpg")), 1)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def test_only_the_first_connection_asks_for_the_types_of_postgresql(
    postgres_server: PostgresServer, asked: list[int]
) -> None:
    for _ in range(2):
        async with connected(postgres_server) as connection:
            for kind, value in (("uuid", uuid4()), ("timestamptz", datetime.now(UTC))):
                echo = await connection.exec_driver_sql(f"SELECT $1::{kind}[]", ([value],))
                assert echo.scalar() == [value]
    assert len(asked) == 2


async def test_each_connection_asks_for_the_types_of_its_database(
    postgres_server: PostgresServer, asked: list[int]
) -> None:
    kept = "pg_temp.mood"
    for _ in range(2):
        async with connected(postgres_server) as connection:
            await connection.exec_driver_sql(f"CREATE TYPE {kept} AS ENUM ('calm')")
            echo = await connection.exec_driver_sql(f"SELECT $1::{kept}[]", (["calm"],))
            assert echo.scalar() == ["calm"]
    assert len(asked) == 2


async def test_a_connection_that_is_in_use_when_a_database_is_closed_is_closed_afterwards(
    shop: Shop,
) -> None:
    database = Database(shop.settings.database_url)
    async with database.read() as session:
        raw = await (await session.connection()).get_raw_connection()
        driver: Any = raw.driver_connection
        await database.close()
        await session.execute(text("SELECT 1"))
    with pytest.raises((asyncpg.InterfaceError, ValueError), match="clos|no active"):
        await driver.execute("SELECT 1")
