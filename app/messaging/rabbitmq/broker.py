"""The connection to RabbitMQ, and the declaration of queues and exchanges."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import (
    ChannelAccessRefused,
    InvalidFrameError,
    ProbableAuthenticationError,
)
from yarl import URL

from app.core.queues import EVENTS_EXCHANGE, REPORT_QUEUE, dead_letter_queue, returned_queue
from app.messaging.commands import COMMANDS
from app.messaging.rabbitmq.amqp_decoding import decode_leniently
from app.messaging.rabbitmq.queues import QUORUM, RETURNED_ARGUMENTS, command_arguments
from app.observability.rare_warning import RareWarning
from app.settings import Settings

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
_HEARTBEAT_SECONDS = 10
_CLOSE_SECONDS = 2.0
_HIGHEST_CHANNEL = 65_535
_WAIT_SECONDS = 1.0


class BrokerLost(Exception):
    """The connection has ended, or the broker does not answer."""


def describe(error: BaseException) -> str:
    """Return the message of an error, or its class name if it has none."""
    return str(error) or type(error).__name__


class _Connection(aio_pika.Connection):
    """A connection that does not reuse the number of a recently closed channel."""

    # The library releases a number when the broker closes the channel, before it has confirmed
    # that. If another task takes the number in between, its open arrives before the confirmation,
    # and the broker closes the connection.

    _last_number = 0

    def channel(
        self,
        channel_number: int | None = None,
        publisher_confirms: bool = True,
        on_return_raises: bool = False,
    ) -> AbstractChannel:
        """Return a new channel, which is opened when it is awaited or entered."""
        if channel_number is None and self.transport is not None:
            channel_number = self._next_number(self.transport.connection)
        return super().channel(channel_number, publisher_confirms, on_return_raises)

    def _next_number(self, connection: aiormq.abc.AbstractConnection) -> int:
        highest = connection.connection_tune.channel_max or _HIGHEST_CHANNEL
        while True:
            self._last_number = self._last_number % highest + 1
            if self._last_number not in connection.channels:
                return self._last_number

    def __del__(self) -> None:
        # The library would close a connection that was never opened, even if no loop runs any more.
        if self.transport is not None:
            super().__del__()


def broker_url(settings: Settings) -> str:
    """Return the URL of the broker from the settings, including the password."""
    url = URL.build(
        scheme="amqp",
        host=str(settings.rabbitmq_host),
        port=settings.rabbitmq_port,
        user=settings.rabbitmq_user,
        password=settings.rabbitmq_password.get_secret_value(),
        # An empty path means the virtual host "/".
        path="/" + ("" if settings.rabbitmq_vhost == "/" else settings.rabbitmq_vhost),
        query={"heartbeat": str(_HEARTBEAT_SECONDS)},
    )
    return str(url)


def _refusal(error: Exception, settings: Settings) -> str:
    """Return why the broker refuses a connection, naming the settings that may be wrong."""
    if isinstance(error, ProbableAuthenticationError):
        return (
            f"the broker refuses the log-in of RABBITMQ_USER={settings.rabbitmq_user}; "
            "check RABBITMQ_PASSWORD"
        )
    # The library drops the broker's reason if it closes the connection instead of opening it.
    if isinstance(error, InvalidFrameError) and "Connection.Close" in str(error):
        return (
            f"there is no virtual host RABBITMQ_VHOST={settings.rabbitmq_vhost}, or "
            f"RABBITMQ_USER={settings.rabbitmq_user} may not use it"
        )
    return describe(error)


@asynccontextmanager
async def connected(
    settings: Settings,
    *,
    connect_seconds: float = CONNECT_SECONDS,
    close_seconds: float = _CLOSE_SECONDS,
) -> AsyncIterator[AbstractConnection]:
    """Connect to the broker from the settings; at the end, close within a time limit.

    Raises:
        BrokerLost: the broker is not available, or refuses the connection.
    """
    decode_leniently()
    try:
        async with asyncio.timeout(connect_seconds):
            connection = await aio_pika.connect(
                broker_url(settings), timeout=connect_seconds, connection_class=_Connection
            )
    except asyncio.CancelledError as error:
        # The library cancels waiting tasks when the broker closes; this task was not cancelled.
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise
        raise BrokerLost("no connection: the broker closed it") from error
    # On a truncated or malformed response the library raises exceptions of any class.
    except Exception as error:  # pylint: disable=broad-exception-caught
        raise BrokerLost(f"no connection: {_refusal(error, settings)}") from error
    try:
        yield connection
    finally:
        # A broker that hangs does not confirm the closing.
        with suppress(Exception):
            async with asyncio.timeout(close_seconds):
                await connection.close()


async def wait_for_broker(settings: Settings, stopping: asyncio.Event) -> bool:
    """Wait until the broker accepts a connection, or until stopped; return whether it does."""
    warning = RareWarning(logger, "RabbitMQ is unavailable: %s")
    while not stopping.is_set():
        try:
            async with connected(settings):
                return True
        except BrokerLost as error:
            warning.log(error)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _WAIT_SECONDS)
    return False


async def declare(connection: AbstractConnection) -> None:
    """Declare every queue and exchange of the shop; existing ones are not changed."""
    await _declare_exchange(connection)
    queues = {REPORT_QUEUE: QUORUM}
    for queue in COMMANDS:
        queues[dead_letter_queue(queue)] = QUORUM
        queues[returned_queue(queue)] = RETURNED_ARGUMENTS
        queues[queue] = command_arguments(queue)
    # The declarations run concurrently: each of them takes three round trips.
    await asyncio.gather(*(declare_queue(connection, *each) for each in queues.items()))


async def _declare_exchange(connection: AbstractConnection) -> None:
    kind = aio_pika.ExchangeType.TOPIC
    try:
        async with connection.channel() as channel:
            await channel.declare_exchange(EVENTS_EXCHANGE, kind, durable=True)
    except ChannelAccessRefused as refused:
        try:
            async with connection.channel() as channel:
                await channel.declare_exchange(EVENTS_EXCHANGE, kind, passive=True)
        except ChannelNotFoundEntity as error:
            raise BrokerLost(
                f"there is no exchange {EVENTS_EXCHANGE}, and the user may not declare it: "
                f"{describe(refused)}"
            ) from error


async def declare_queue(
    connection: AbstractConnection, name: str, arguments: dict[str, Any]
) -> None:
    """Declare a queue; an existing one is used with the arguments that it has.

    Raises:
        BrokerLost: the queue is missing, and the user from the settings may not declare it.
    """
    # A refusal closes the channel, so each declaration has its own.
    try:
        async with connection.channel() as channel:
            await channel.declare_queue(name, durable=True, arguments=arguments)
    except ChannelPreconditionFailed as error:
        # The queue was declared by another program, or by an earlier version of the shop.
        logger.info("queue %s is used with the arguments that it has: %s", name, describe(error))
    except ChannelAccessRefused as refused:
        try:
            async with connection.channel() as channel:
                await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity as error:
            raise BrokerLost(
                f"there is no queue {name}, and the user may not declare it: {describe(refused)}"
            ) from error
