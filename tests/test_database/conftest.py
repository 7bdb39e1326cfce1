"""Fixtures: a shop whose database has no schema."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.wiring.resources import Shop
from tests.conftest import DATABASES, postgres_settings, sqlite_settings
from tests.support.servers import PostgresServer
from tests.support.servers.postgres import BARE


@pytest_asyncio.fixture(params=DATABASES, loop_scope="session")
async def bare_shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop whose database is empty and without a schema, on each database in turn."""
    if request.param == "sqlite":
        its = Shop(sqlite_settings(tmp_path))
        yield its
        await its.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("migrated", template=BARE)
    its = Shop(postgres_settings(server, "migrated"))
    yield its
    await its.close()
    server.drop_database("migrated")
