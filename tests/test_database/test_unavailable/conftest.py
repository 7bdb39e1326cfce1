"""Fixtures: a shop on a separate PostgreSQL database, and its client."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from app.wiring.resources import Shop
from tests.conftest import client_of, postgres_settings, running
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.servers import PostgresServer

DATABASE = "own"


@pytest_asyncio.fixture(loop_scope="session", name="shop")
async def shop_on_its_own_database(postgres_server: PostgresServer) -> AsyncIterator[Shop]:
    """A shop whose database may be locked, or become read-only."""
    postgres_server.create_database(DATABASE)
    yield Shop(postgres_settings(postgres_server, DATABASE))
    postgres_server.drop_database(DATABASE)


@pytest_asyncio.fixture(loop_scope="session", name="client")
async def client_of_it(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the shop."""
    async with (
        running(with_routes_of(shop, WITH_ORDERS), is_limited=True) as app,
        client_of(app) as client,
    ):
        yield client
