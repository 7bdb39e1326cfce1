"""Real servers for a test session, from any source that the machine has."""

from tests.support.servers.postgres import PostgresServer, start_postgres
from tests.support.servers.rabbitmq import RabbitMQServer, start_rabbitmq
from tests.support.servers.redis import RedisServer, start_redis
from tests.support.servers.scratch import ServerNotInstalled, ServerUnavailable

__all__ = [
    "PostgresServer",
    "RabbitMQServer",
    "RedisServer",
    "ServerNotInstalled",
    "ServerUnavailable",
    "start_postgres",
    "start_rabbitmq",
    "start_redis",
]
