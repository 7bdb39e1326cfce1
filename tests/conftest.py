"""Fixtures: the shop on SQLite and on a real PostgreSQL, used through its public interfaces."""

import asyncio
import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from app.database.deadline import ANSWER_SECONDS
from app.jobs import daily_reports
from app.jobs.embedded_dispatcher import dispatch_commands
from app.jobs.mail_delivery import deliver_mails
from app.runtime.process import freeze_heap
from app.settings import Settings
from app.wiring.resources import Shop
from main import create_app
from tests.support.applications import transport_to
from tests.support.cached import assert_cache_is_true, forget_cached, kept_client
from tests.support.machines import AUTHORIZATION, let_machine_in
from tests.support.programs.imported import end
from tests.support.servers import (
    PostgresServer,
    RabbitMQServer,
    RedisServer,
    ServerNotInstalled,
    start_postgres,
    start_rabbitmq,
    start_redis,
)
from tests.support.servers.server import run_in_thread
from tests.support.servers.sqlite import bring_to_newest, give_schema
from tests.support.spread import Spread
from tests.support.tables import delete_everything

# pytest passes a fixture by the name of its function.
# pylint: disable=redefined-outer-name

DATABASES = ("sqlite", "postgres")
EXTERNAL_URLS = ("TEST_DATABASE_URL", "TEST_REDIS_URL", "TEST_RABBITMQ_URL")
# Tests that wait for other processes leave a core free for other tests.
WORKERS = min((os.cpu_count() or 1) + 1, 8)
# The time limit of a request in tests of other behaviour, on a busy machine.
_BUSY_MACHINE_SECONDS = 60.0
# Copying a database takes a fifth of the time of all migrations.
TEMPLATE = "with_schema"
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30
# Cheap hashes, no rate limits (their tests set them), and the bank for tests.
QUICK: dict[str, Any] = {
    "password_memory_kib": 8,
    "password_iterations": 1,
    "login_limit_per_account": 1_000_000,
    "login_limit_per_address": 1_000_000,
    "code_limit_per_minute": 1_000_000,
    "rate_limit_per_minute": 0,
    "payment_providers": ("manual", "test"),
}


def pytest_configure() -> None:
    """Keep the files of the tests in memory if there is space: commits need not wait for a disk."""
    if "TMPDIR" in os.environ or not _MEMORY.is_dir():
        return
    if shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
        # Processes that the tests start inherit this variable.
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Have a process of several end without freeing the objects of all tests, which takes 8 s."""
    if hasattr(config, "workerinput"):
        atexit.register(end, None)


def pytest_collection_finish() -> None:
    """Exclude what has been imported from garbage collection, as a program of the shop does."""
    freeze_heap()
    # So few objects are still in the cache of a core when they are examined.
    gc.set_threshold(5_000, 200, 100)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that do not depend on SQL on SQLite only."""
    is_any = metafunc.definition.get_closest_marker("any_database") is not None
    if is_any and "settings" in metafunc.fixturenames:
        alone = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
        metafunc.definition.add_marker(alone)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the whole suite in several processes; selected tests start faster in one."""
    is_whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    is_chosen = config.option.keyword or config.option.markexpr or config.option.lf
    # A server that the environment names has one set of databases and queues.
    is_shared = any(os.environ.get(name) for name in EXTERNAL_URLS)
    if not is_whole or is_chosen or is_shared or config.option.collectonly:
        return 0
    return WORKERS


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread:
    """Run the tests of one broker, and those of one filled shop, in one process."""
    return Spread(config, log)


@pytest.fixture(scope="session", autouse=True)
def one_tls_context() -> Iterator[None]:
    """Share one TLS context between the clients of a test process."""
    # Otherwise, each client reads all certificates, which takes longer than most requests.
    with patch("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context)):
        yield


@pytest.fixture(scope="session", autouse=True)
def share_of_reports() -> Iterator[float]:
    """Make due reports without a pause; yield the share of the time that they normally take."""
    share = daily_reports._SHARE  # pylint: disable=protected-access
    with patch.object(daily_reports, "_SHARE", 1.0):
        yield share


@pytest.fixture
def without_collections() -> Iterator[None]:
    """Run a test without garbage collection, and hide the objects that were there before it."""
    gc.collect()
    # Otherwise, to look at the objects of all tests would take two seconds.
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def known_plans() -> Iterator[None]:
    """Have imports count no rows: the plans of other tests in the same database would differ."""
    with patch("app.jobs.file_import.analyze", leave_it):
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this test run; its new databases have the schema."""
    # Autovacuum would collect statistics of tables while they are empty, which changes plans.
    with start_postgres(autovacuum="off") as server:
        server.create_database(TEMPLATE)
        run_in_thread(bring_to_newest(postgres_settings(server, TEMPLATE)))
        yield replace(server, template=TEMPLATE)
        server.drop_database(TEMPLATE)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis server for this test run."""
    with start_redis() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitMQServer]:
    """A RabbitMQ server for this test run; its tests are skipped if it is not installed."""
    with rabbitmq_or_skip() as server:
        yield server


def rabbitmq_or_skip(management: bool = False) -> RabbitMQServer:
    """Return a started RabbitMQ, or skip the test; in the pipeline it fails instead."""
    try:
        server = start_rabbitmq(management)
    except ServerNotInstalled as error:
        # Unlike the other servers, it is not available as a Python package.
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    return server


def postgres_settings(server: PostgresServer, database: str, **changes: Any) -> Settings:
    """Return the settings of a shop on a database of the test server."""
    return Settings(
        _env_file=None,
        db_host=server.host,
        db_port=server.port,
        postgres_user=server.user,
        postgres_password=server.password,
        postgres_db=database,
        # Not the default folder that shops share: another shop may be emptied at any moment.
        **{"data_dir": _folder_of_shops() / database} | QUICK | changes,
    )


@cache
def _folder_of_shops() -> Path:
    folder = tempfile.mkdtemp(prefix="lavka-shops-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def broker_settings(server: RabbitMQServer) -> dict[str, Any]:
    """Return the settings of a shop that uses the broker of the test server."""
    return {
        "rabbitmq_host": server.host,
        "rabbitmq_port": server.port,
        "rabbitmq_user": server.user,
        "rabbitmq_password": server.password,
        "rabbitmq_vhost": server.vhost,
    }


def sqlite_settings(folder: Path, **changes: Any) -> Settings:
    """Return the settings of a shop whose data is in a folder."""
    return Settings(_env_file=None, db_host=None, data_dir=folder, **QUICK | changes)


@pytest.fixture(scope="session", params=DATABASES)
def settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The settings of a shop on each database in turn."""
    if request.param == "sqlite":
        yield sqlite_settings(tmp_path_factory.mktemp("shop"))
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("shop")
    redis: RedisServer = request.getfixturevalue("redis_server")
    yield postgres_settings(
        server,
        "shop",
        redis_host=redis.host,
        redis_port=redis.port,
        data_dir=tmp_path_factory.mktemp("shop"),
    )
    server.drop_database("shop")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The application, started; shared by the tests of a session."""
    shop = Shop(settings)
    if shop.cache.redis is not None:
        # How long it may take is for other tests: on a busy machine a hit would be a miss.
        shop.cache.redis.timeout_seconds = 10
    application = create_app(shop)
    async with running(application), kept_client(shop):
        await empty(application.state.shop)
        yield application


async def leave_it(_shop: Shop) -> None:
    """Do nothing: a background task that sends mails and applies commands would affect tests."""


QUIET: dict[str, Any] = dict.fromkeys(
    ("keep_schedule", "do_errands", "follow_price_lists"), leave_it
)
"""The background tasks of `main` that do nothing while tests run."""


@asynccontextmanager
async def running(
    application: Litestar,
    *,
    is_mailing: bool = False,
    is_dispatching: bool = False,
    is_limited: bool = False,
) -> AsyncIterator[Litestar]:
    """Run an application's lifespan in one task, which pytest does not promise a fixture.

    A SQLite database that does not exist is created with the schema.
    """
    started, stop = asyncio.Event(), asyncio.Event()
    give_schema(application.state.shop.settings)

    async def live() -> None:
        with (
            patch("main.deliver_mails", deliver_mails if is_mailing else leave_it),
            patch.multiple("main", **QUIET),
            patch("main.dispatch_commands", dispatch_commands if is_dispatching else leave_it),
            patch(
                "app.database.deadline.ANSWER_SECONDS",
                ANSWER_SECONDS if is_limited else _BUSY_MACHINE_SECONDS,
            ),
        ):
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
        await let_machine_in(application.state.shop)
        yield application
    finally:
        stop.set()
        await task


@pytest_asyncio.fixture(loop_scope="session")
async def shop(app: Litestar) -> AsyncIterator[Shop]:
    """The shop behind the application, emptied after the test."""
    its: Shop = app.state.shop
    yield its
    try:
        await assert_cache_is_true(its)
    finally:
        await empty(its)


@pytest_asyncio.fixture(loop_scope="session")
async def client(
    app: Litestar, shop: Shop  # pylint: disable=unused-argument  # it empties itself afterwards
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an empty shop."""
    async with client_of(app) as its:
        yield its


def client_of(app: Litestar) -> httpx.AsyncClient:
    """Return a client that calls an application without a network, with an API key."""
    return httpx.AsyncClient(
        transport=transport_to(app),
        base_url="http://shop.test/api/v1",
        headers=AUTHORIZATION,
        timeout=60,
    )


async def empty(shop: Shop) -> None:
    """Delete every row and file of a shop except the key of the tests."""
    await delete_everything(shop)
    shutil.rmtree(shop.settings.media_folder, ignore_errors=True)
    await let_machine_in(shop)
    shop.identities.clear()
    await forget_cached(shop)


@pytest.fixture(scope="session")
def repository_root() -> Path:
    """The folder of the project."""
    return Path(__file__).resolve().parent.parent
