"""The connection to the broker uses the virtual host of the settings."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from app.messaging.rabbitmq.broker import BrokerLost, connected, declare, declare_queue
from app.settings import Settings
from tests.support.servers import RabbitMQServer

VHOSTS = ["local", "/with-a-slash", "a shop/of its own, 100 %?#"]
GUARDED, LIMITED = "guarded", "limited"


@pytest.fixture(name="broker", scope="module")
def broker_with_vhosts(rabbitmq_server: RabbitMQServer) -> RabbitMQServer:
    """The server with virtual hosts, in one of which another user may not configure."""
    rights = {"user": LIMITED, "vhost": GUARDED, "configure": "^$", "write": ".*", "read": ".*"}
    hosts = [*VHOSTS, GUARDED]
    rabbitmq_server.define(
        {
            "vhosts": [{"name": each} for each in hosts],
            "users": [{"name": LIMITED, "password": LIMITED, "tags": ""}],
            "permissions": [rights, *map(rabbitmq_server.rights_in, hosts)],
        }
    )
    return rabbitmq_server


def settings_of(server: RabbitMQServer, vhost: str) -> Settings:
    """Return the settings of a shop on a virtual host of the test server."""
    return Settings(
        _env_file=None,
        rabbitmq_host=server.host,
        rabbitmq_port=server.port,
        rabbitmq_user=server.user,
        rabbitmq_password=server.password,
        rabbitmq_vhost=vhost,
    )


@pytest.mark.parametrize("vhost", VHOSTS)
async def test_queues_are_declared_on_the_virtual_host_of_the_settings(
    broker: RabbitMQServer, vhost: str
) -> None:
    async with connected(settings_of(broker, vhost)) as connection:
        await declare(connection)
    assert broker.queue_depth("order", vhost) == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rabbitmq_vhost": "nowhere"}, "no virtual host RABBITMQ_VHOST=nowhere, or RABBITMQ_USER"),
        ({"rabbitmq_user": "nobody"}, "refuses the log-in of RABBITMQ_USER=nobody; check RABBITMQ"),
        ({"rabbitmq_password": SecretStr("wrong")}, "refuses the log-in of RABBITMQ_USER="),
    ],
)
async def test_a_refused_connection_names_the_settings(
    rabbitmq_server: RabbitMQServer, changes: dict[str, Any], reason: str
) -> None:
    settings = settings_of(rabbitmq_server, "/").model_copy(update=changes)
    with pytest.raises(BrokerLost, match=reason):
        async with connected(settings):
            pass


async def test_many_concurrent_refusals_leave_the_connection_open(broker: RabbitMQServer) -> None:
    async with connected(settings_of(broker, VHOSTS[0])) as connection:
        await declare(connection)
        for _ in range(20):
            unlike = [declare_queue(connection, "order", {"x-max-length": n}) for n in range(1, 41)]
            await asyncio.gather(*unlike)
    assert broker.queue_depth("order", VHOSTS[0]) == 0


async def test_a_user_without_the_right_to_configure_uses_existing_queues(
    broker: RabbitMQServer,
) -> None:
    changes = {"rabbitmq_user": LIMITED, "rabbitmq_password": SecretStr(LIMITED)}
    all_rights = settings_of(broker, GUARDED)
    limited = all_rights.model_copy(update=changes)
    with pytest.raises(BrokerLost, match="no exchange shop.events, and the user may not declare"):
        async with connected(limited) as connection:
            await declare(connection)
    async with connected(all_rights) as connection:
        await declare(connection)
    async with connected(limited) as connection:
        await declare(connection)
