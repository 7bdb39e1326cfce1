"""Readiness probes for Redis and RabbitMQ."""

import asyncio

from app.cache.connection import RedisUnavailable
from app.cache.redis import RedisStore
from app.errors import Unavailable
from app.settings import Settings

# AMQP 0-9-1, section 4.2.2; a broker answers with the first frame of Connection.Start.
_PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"


async def ping_redis(redis: RedisStore) -> None:
    """Ping Redis over the connection of the cache.

    Raises:
        Unavailable: there is no connection or no answer.
    """
    try:
        await redis.ping()
    except RedisUnavailable as error:
        raise Unavailable(f"Redis: {error}") from error


async def ping_rabbitmq(settings: Settings) -> None:
    """Begin a handshake with RabbitMQ.

    A connection alone proves nothing: the operating system accepts it even if the broker hangs.

    Raises:
        Unavailable: it does not answer, or is not RabbitMQ.
    """
    try:
        reader, writer = await asyncio.open_connection(
            settings.rabbitmq_host, settings.rabbitmq_port
        )
    except OSError as error:
        raise Unavailable(f"RabbitMQ: {error}") from error
    try:
        writer.write(_PROTOCOL_HEADER)
        if await reader.readexactly(1) != _METHOD_FRAME:
            raise Unavailable("RabbitMQ: it answers with another protocol")
    except (OSError, EOFError) as error:
        raise Unavailable(f"RabbitMQ: {error}") from error
    finally:
        writer.close()
