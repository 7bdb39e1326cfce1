"""Fixtures: a shop on each database that does not send its mails."""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from app.settings import Settings
from app.wiring.resources import Shop
from tests.conftest import DATABASES, client_of, empty, postgres_settings, sqlite_settings
from tests.support.accounts import at, standing
from tests.support.servers import PostgresServer

_hosts = count(1)


@pytest.fixture(name="still_settings", scope="session", params=DATABASES)
def its_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The settings of a separate shop, whose mails no other process sends."""
    if request.param == "sqlite":
        yield sqlite_settings(tmp_path_factory.mktemp("still"))
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("still")
    yield postgres_settings(server, "still")
    server.drop_database("still")


@pytest_asyncio.fixture(name="still_app", scope="session", loop_scope="session")
async def its_app(still_settings: Settings) -> AsyncIterator[Litestar]:
    """The application over that shop."""
    async with standing(still_settings) as app:
        await empty(app.state.shop)
        yield app


@pytest_asyncio.fixture(name="still", loop_scope="session")
async def its_shop(still_app: Litestar) -> AsyncIterator[Shop]:
    """A shop that does not send its mails, emptied after the test."""
    shop: Shop = still_app.state.shop
    yield shop
    await empty(shop)


@pytest_asyncio.fixture(name="machine", loop_scope="session")
async def its_client(
    still_app: Litestar, still: Shop  # pylint: disable=unused-argument  # it empties itself
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that shop with an API key."""
    async with client_of(still_app) as client:
        yield client


@pytest_asyncio.fixture(name="nobody", loop_scope="session")
async def somebody_who_has_not_logged_in(
    app: Litestar, shop: Shop  # pylint: disable=unused-argument  # it empties itself afterwards
) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token, from an address whose limits no other test has used."""
    async with at(app, f"198.18.{next(_hosts)}.1") as client:
        yield client
