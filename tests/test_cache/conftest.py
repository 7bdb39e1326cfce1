"""Shops with a PostgreSQL, and a Redis that a test can stop or disconnect."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from app.jobs.cache_sync import cache_sync
from app.settings import Settings
from app.wiring.resources import Shop
from tests.conftest import empty, postgres_settings, sqlite_settings
from tests.support.cached import forget_cached
from tests.support.servers import PostgresServer, RedisServer, start_redis
from tests.support.servers.relay import Relay
from tests.support.servers.sqlite import prepared
from tests.test_cache.reads import Pair, believed

DATABASE = "cached"


@pytest.fixture(scope="session", name="cached_database")
def cached_database_of(postgres_server: PostgresServer) -> PostgresServer:
    """The server with a database for shops that have a cache."""
    postgres_server.create_database(DATABASE)
    return postgres_server


@pytest.fixture(scope="session", name="mortal_redis")
def mortal_redis_of() -> Iterator[RedisServer]:
    """A Redis that a test can stop without an effect on other tests."""
    with start_redis() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session", name="relay")
async def relay_of(mortal_redis: RedisServer) -> AsyncIterator[Relay]:
    """A proxy in front of the Redis that a test can stop."""
    mortal_redis.start()
    async with Relay(mortal_redis.host, mortal_redis.port) as relay:
        yield relay


@pytest_asyncio.fixture(loop_scope="session", name="pair")
async def pair_of(cached_database: PostgresServer, relay: Relay) -> AsyncIterator[Pair]:
    """Two shops with one database and one Redis, as in two processes; both connect by the relay."""
    direct = postgres_settings(
        cached_database, DATABASE, redis_host="127.0.0.1", redis_port=relay.port
    )
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(opened(direct)),
            await stack.enter_async_context(opened(direct)),
        )


@pytest_asyncio.fixture(loop_scope="session", name="kept", params=["local", "redis"])
async def kept_shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop with each kind of cache in turn."""
    if request.param == "local":
        settings = sqlite_settings(tmp_path, cache_max_entries=2_000)
    else:
        database: PostgresServer = request.getfixturevalue("cached_database")
        redis: RedisServer = request.getfixturevalue("redis_server")
        settings = postgres_settings(
            database,
            DATABASE,
            redis_host=redis.host,
            redis_port=redis.port,
            db_pool_size=16,
            cache_max_entries=2_000,
        )
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(opened(settings))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Shop]:
    """Open an empty shop whose cache is synchronized, and close it."""
    shop = await prepared(settings)
    try:
        await empty(shop)
        async with cache_sync(shop):
            await believed(shop)
            await forget_cached(shop)
            yield shop
    finally:
        await shop.close()
