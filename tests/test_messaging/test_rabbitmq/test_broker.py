"""The connection to the broker leads to the virtual host of the settings."""

import pytest

from app.messaging.rabbitmq.broker import BrokerLost, connected, declare
from app.settings import Settings
from tests.support.servers import RabbitMQServer

VHOSTS = ["local", "/with-a-slash", "a shop/of its own, 100 %?#"]


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
    rabbitmq_server: RabbitMQServer, vhost: str
) -> None:
    rabbitmq_server.create_vhost(vhost)
    async with connected(settings_of(rabbitmq_server, vhost)) as connection:
        await declare(connection)
    assert rabbitmq_server.queue_depth("order", vhost) == 0


async def test_a_virtual_host_that_is_not_there_is_a_broker_that_is_lost(
    rabbitmq_server: RabbitMQServer,
) -> None:
    with pytest.raises(BrokerLost):
        async with connected(settings_of(rabbitmq_server, "nowhere")):
            pass
