"""Fixtures: the shop on SQLite and on a real PostgreSQL, driven through its front door."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar
from sqlalchemy import text

from app.dependencies import Shop
from app.models import Base
from app.settings import Settings
from main import create_app
from tests.servers import PostgresServer, start_postgres

# pytest hands a fixture over by the name of its function.
# pylint: disable=redefined-outer-name

DATABASES = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test run's own."""
    with start_postgres() as server:
        yield server


def postgres_settings(server: PostgresServer, database: str, **changes: Any) -> Settings:
    """Return the settings of a shop on a database of the test server."""
    return Settings(
        _env_file=None,
        db_host=server.host,
        db_port=server.port,
        postgres_user=server.user,
        postgres_password=server.password,
        postgres_db=database,
        **changes,
    )


@pytest.fixture(scope="session", params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a shop on each database in turn."""
    if request.param == "sqlite":
        return Settings(_env_file=None, db_host=None, data_dir=tmp_path_factory.mktemp("shop"))
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("shop")
    return postgres_settings(server, "shop")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The application, started; shared by the tests of a session."""
    application = create_app(Shop(settings))
    async with running(application):
        yield application


@asynccontextmanager
async def running(application: Litestar) -> AsyncIterator[Litestar]:
    """Run an application's lifespan in one task, which pytest does not promise a fixture."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with application.lifespan():
            started.set()
            await stop.wait()

    task = asyncio.create_task(live())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiting.cancel()
        await task
    try:
        yield application
    finally:
        stop.set()
        await task


@pytest_asyncio.fixture(loop_scope="session")
async def shop(app: Litestar) -> AsyncIterator[Shop]:
    """The shop behind the application, emptied after the test."""
    its: Shop = app.state.shop
    yield its
    await empty(its)


@pytest_asyncio.fixture(loop_scope="session")
async def client(
    app: Litestar, shop: Shop  # pylint: disable=unused-argument  # it empties itself afterwards
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an empty shop."""
    async with client_of(app) as its:
        yield its


def client_of(app: Litestar) -> httpx.AsyncClient:
    """Return a client that calls an application without a network."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # two spellings of ASGI
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test/api/v1", timeout=60)


async def empty(shop: Shop) -> None:
    """Delete every row of a shop."""
    tables = [table.name for table in reversed(Base.metadata.sorted_tables)]
    if shop.database.is_sqlite:
        tables += ["product_search", "product_search_rows"]
    # TRUNCATE makes each table's files anew: on the few rows of a test DELETE is much faster.
    async with shop.database.write() as session:
        for table in tables:
            await session.execute(text(f"DELETE FROM {table}"))


@pytest.fixture(scope="session")
def repository_root() -> Path:
    """The folder of the project."""
    return Path(__file__).resolve().parent.parent
