"""The connection to RabbitMQ, and what is declared there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue
from yarl import URL

from app.messaging.commands import COMMANDS
from app.messaging.queues import QUORUM, command_arguments, dead_letter_queue
from app.services.outbox_service import EVENTS_EXCHANGE
from app.services.report_maker import REPORT_QUEUE
from app.settings import Settings

CONNECT_SECONDS = 5.0
_HEARTBEAT_SECONDS = 10
_CLOSE_SECONDS = 2.0


class BrokerLost(Exception):
    """The connection has ended, or the broker does not answer."""


def describe(error: BaseException) -> str:
    """Return what an error says, or its kind where it says nothing."""
    return str(error) or type(error).__name__


def broker_url(settings: Settings) -> str:
    """Return where the broker of the settings is, password included."""
    url = URL.build(
        scheme="amqp",
        host=str(settings.rabbitmq_host),
        port=settings.rabbitmq_port,
        user=settings.rabbitmq_user,
        password=settings.rabbitmq_password.get_secret_value(),
        # The virtual host "/" is what an empty path stands for.
        path="/" + ("" if settings.rabbitmq_vhost == "/" else settings.rabbitmq_vhost),
        query={"heartbeat": str(_HEARTBEAT_SECONDS)},
    )
    return str(url)


@asynccontextmanager
async def connected(
    settings: Settings,
    *,
    connect_seconds: float = CONNECT_SECONDS,
    close_seconds: float = _CLOSE_SECONDS,
) -> AsyncIterator[AbstractConnection]:
    """Connect to the broker of the settings; at the end, let it take no longer than it may.

    Raises:
        BrokerLost: there is no broker, or it does not let us in.
    """
    try:
        async with asyncio.timeout(connect_seconds):
            connection = await aio_pika.connect(broker_url(settings), timeout=connect_seconds)
    except (aio_pika.exceptions.AMQPError, OSError, TimeoutError) as error:
        raise BrokerLost(f"no connection: {describe(error)}") from error
    try:
        yield connection
    finally:
        # A broker that stands still answers no goodbye.
        with suppress(Exception):
            async with asyncio.timeout(close_seconds):
                await connection.close()


async def declare(channel: AbstractChannel) -> None:
    """Declare every queue and exchange of the shop; what is there already stays as it is."""
    await channel.declare_exchange(EVENTS_EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    await channel.declare_queue(REPORT_QUEUE, durable=True, arguments=QUORUM)
    for queue in COMMANDS:
        await channel.declare_queue(dead_letter_queue(queue), durable=True, arguments=QUORUM)
        await declare_command_queue(channel, queue)


async def declare_command_queue(channel: AbstractChannel, queue: str) -> AbstractQueue:
    """Declare the queue of a command."""
    return await channel.declare_queue(queue, durable=True, arguments=command_arguments(queue))
