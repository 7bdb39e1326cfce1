"""Fixtures: a shop on each database that shows prices in several currencies."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

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
def its_process(their_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the schemas know the currencies of that shop, which they take from the process."""
    for place in ("app.schemas.fields", "app.schemas.catalogue.product_query"):
        monkeypatch.setattr(f"{place}.get_settings", lambda: their_settings)


@pytest_asyncio.fixture(name="trader", loop_scope="session")
async def its_shop(
    their_settings: Settings, of_process: None  # pylint: disable=unused-argument  # it is patched
) -> AsyncIterator[Shop]:
    """A shop with several currencies, empty but for their price lists."""
    shop = Shop(their_settings)
    async with running(create_app(shop)) as app:
        await empty(shop)
        await add_default_lists(shop)
        shop_of[shop] = client_of(app)
        yield shop
        await assert_cache_is_true(shop)
        await empty(shop)


shop_of: dict[Shop, httpx.AsyncClient] = {}


@pytest_asyncio.fixture(name="buyer", loop_scope="session")
async def its_client(trader: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that shop with an API key."""
    async with shop_of.pop(trader) as client:
        yield client
