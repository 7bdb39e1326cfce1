"""Real servers for a test session, from whatever source the machine offers."""

from tests.servers.postgres import PostgresServer, start_postgres
from tests.servers.rabbitmq import RabbitMQServer, start_rabbitmq
from tests.servers.redis import RedisServer, start_redis
from tests.servers.scratch import ServerNotInstalled, ServerUnavailable

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
