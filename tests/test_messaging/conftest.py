"""Shops with a real broker, emptied for each test, with and without a running worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import pytest
import pytest_asyncio

from app.controllers.messaging import CONTROLLERS as MESSAGING
from app.core.queues import EVENTS_EXCHANGE
from app.messaging.commands import COMMANDS
from app.models import DeadLetter
from app.wiring.resources import Shop
from tests.conftest import (
    broker_settings,
    client_of,
    empty,
    postgres_settings,
    running,
)
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.processes import Program
from tests.support.servers import PostgresServer, RabbitMQServer
from tests.test_messaging.deliveries import postponed_in, rows_of
from tests.test_messaging.workers import QUEUES, Stand, publish, until

DATABASE = "worked"


@pytest.fixture(scope="session", name="worked")
def worked_database(postgres_server: PostgresServer) -> PostgresServer:
    """The server with a database for shops that have a broker."""
    postgres_server.create_database(DATABASE)
    return postgres_server


@pytest_asyncio.fixture(loop_scope="session")
async def stand(
    worked: PostgresServer, rabbitmq_server: RabbitMQServer, tmp_path: Path
) -> AsyncIterator[Stand]:
    """A shop with a broker without declared queues, and without a worker."""
    async with stand_on(worked, rabbitmq_server, tmp_path) as its:
        await forget_all(rabbitmq_server)
        yield its


@pytest_asyncio.fixture(scope="module", loop_scope="session", name="shared_stand")
async def stand_with_a_worker(
    worked: PostgresServer,
    rabbitmq_server: RabbitMQServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Stand, Program]]:
    """A shop with a broker and a worker, which has declared the queues."""
    async with stand_on(worked, rabbitmq_server, tmp_path_factory.mktemp("shared")) as its:
        await forget_all(rabbitmq_server)
        with its.worker() as worker:
            await its.wait_for_workers()
            yield its, worker


@pytest_asyncio.fixture(loop_scope="session")
async def worked_stand(shared_stand: tuple[Stand, Program]) -> AsyncIterator[Stand]:
    """A shop with a broker and a worker, which the tests of a module share."""
    its, worker = shared_stand
    yield its
    assert worker.poll() is None, its.log
    await reset(its)


@asynccontextmanager
async def stand_on(
    database: PostgresServer, broker: RabbitMQServer, folder: Path
) -> AsyncIterator[Stand]:
    """Open an empty shop over a database and a broker."""
    settings = postgres_settings(database, DATABASE, **broker_settings(broker))
    application = with_routes_of(Shop(settings), WITH_ORDERS, MESSAGING)
    async with running(application) as app, client_of(app) as client:
        its = Stand(settings, app.state.shop, client, broker, folder)
        await empty(its.shop)
        yield its


async def forget_all(server: RabbitMQServer) -> None:
    """Delete the queues and exchanges of the shop from the broker."""
    connection = await aio_pika.connect(server.url(), timeout=60)
    async with connection:
        channel = await connection.channel()
        for queue in QUEUES:
            await channel.queue_delete(queue)
        await channel.exchange_delete(EVENTS_EXCHANGE)


async def reset(its: Stand) -> None:
    """Wait until the worker is idle, then purge the queues and empty the database."""
    ends = [f"the end of {queue}" for queue in COMMANDS]

    async def come_to() -> list[str]:
        letters = await rows_of(its.shop, DeadLetter)
        return [each for each in ends if each in {letter.message_id for letter in letters}]

    async with its.channel() as channel:
        # Each queue has one consumer, so all earlier messages are done when this one is parked.
        for queue, end in zip(COMMANDS, ends):
            await publish(channel, queue, b"?", end)
        await until(come_to, ends)
        await until(lambda: postponed_in(its.shop), [])
        for queue in QUEUES:
            await (await channel.get_queue(queue)).purge()
    await empty(its.shop)
