"""The connection to RabbitMQ, and what is declared there."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused
from yarl import URL

from app.core.queues import EVENTS_EXCHANGE, REPORT_QUEUE, dead_letter_queue, returned_queue
from app.messaging.commands import COMMANDS
from app.messaging.rabbitmq.amqp_decoding import decode_leniently
from app.messaging.rabbitmq.queues import QUORUM, RETURNED_ARGUMENTS, command_arguments
from app.settings import Settings

logger = logging.getLogger(__name__)

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
    decode_leniently()
    try:
        async with asyncio.timeout(connect_seconds):
            connection = await aio_pika.connect(broker_url(settings), timeout=connect_seconds)
    except asyncio.CancelledError as error:
        # The library cancels what waits for a broker that hangs up. Nobody has cancelled us.
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise
        raise BrokerLost("no connection: the broker hung up") from error
    # What the library raises on an answer that is cut off or malformed is of any kind.
    except Exception as error:  # pylint: disable=broad-exception-caught
        raise BrokerLost(f"no connection: {describe(error)}") from error
    try:
        yield connection
    finally:
        # A broker that stands still answers no goodbye.
        with suppress(Exception):
            async with asyncio.timeout(close_seconds):
                await connection.close()


async def declare(connection: AbstractConnection) -> None:
    """Declare every queue and exchange of the shop; what is there already stays as it is."""
    async with connection.channel() as channel:
        await channel.declare_exchange(EVENTS_EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    await declare_queue(connection, REPORT_QUEUE, QUORUM)
    for queue in COMMANDS:
        await declare_queue(connection, dead_letter_queue(queue), QUORUM)
        await declare_queue(connection, returned_queue(queue), RETURNED_ARGUMENTS)
        await declare_queue(connection, queue, command_arguments(queue))


async def declare_queue(
    connection: AbstractConnection, name: str, arguments: dict[str, Any]
) -> None:
    """Declare a queue; one that is there already is used with the arguments that it has.

    Raises:
        BrokerLost: it is missing, and the user of the settings may not declare it.
    """
    # A refusal ends its channel, so that each declaration has one of its own.
    try:
        async with connection.channel() as channel:
            await channel.declare_queue(name, durable=True, arguments=arguments)
    except ChannelPreconditionFailed as error:
        # Others have declared it, or an earlier version of the shop.
        logger.info("queue %s is used with the arguments that it has: %s", name, describe(error))
    except ChannelAccessRefused as refused:
        try:
            async with connection.channel() as channel:
                await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity as error:
            raise BrokerLost(
                f"there is no queue {name}, and the user may not declare it: {describe(refused)}"
            ) from error
