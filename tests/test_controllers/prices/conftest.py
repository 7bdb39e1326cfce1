"""Fixtures: a shop on each database that shows prices in several currencies."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from app.settings import Settings
from app.wiring.lifecycle import add_default_lists
from app.wiring.resources import Shop
from main import create_app
from tests.conftest import (
    DATABASES,
    client_of,
    empty,
    postgres_settings,
    running,
    sqlite_settings,
)
from tests.support.cached import assert_cache_is_true
from tests.support.servers import PostgresServer

CURRENCIES = ("USD", "EUR", "JPY", "KWD")


@pytest.fixture(name="their_settings", scope="session", params=DATABASES)
def its_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The settings of a shop with several currencies."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("currencies")
        yield sqlite_settings(folder, shop_currencies=CURRENCIES)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("currencies")
    yield postgres_settings(server, "currencies", shop_currencies=CURRENCIES)
    server.drop_database("currencies")


@pytest.fixture(name="of_process")
def its_process(their_settings: Settings) -> Iterator[None]:
    """Give the schemas the currencies of that shop, which they read from the process."""
    with _process_of(their_settings):
        yield


@contextmanager
def _process_of(settings: Settings) -> Iterator[None]:
    with (
        patch("app.schemas.fields.get_settings", lambda: settings),
        patch("app.schemas.catalogue.product_query.get_settings", lambda: settings),
    ):
        yield


@pytest_asyncio.fixture(name="their_app", scope="session", loop_scope="session")
async def its_app(their_settings: Settings) -> AsyncIterator[Litestar]:
    """The application over that shop."""
    with _process_of(their_settings):
        application = create_app(Shop(their_settings))
    async with running(application):
        await empty(application.state.shop)
        yield application


@pytest_asyncio.fixture(name="trader", loop_scope="session")
async def its_shop(
    their_app: Litestar, of_process: None  # pylint: disable=unused-argument  # it is patched
) -> AsyncIterator[Shop]:
    """A shop with several currencies, empty but for their price lists."""
    shop: Shop = their_app.state.shop
    await add_default_lists(shop)
    yield shop
    try:
        await assert_cache_is_true(shop)
    finally:
        await empty(shop)


@pytest_asyncio.fixture(name="buyer", loop_scope="session")
async def its_client(
    their_app: Litestar, trader: Shop  # pylint: disable=unused-argument  # it empties itself
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that shop with an API key."""
    async with client_of(their_app) as client:
        yield client
