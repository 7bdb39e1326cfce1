"""Connections to the broker that could not be opened."""

import gc
import logging
from unittest.mock import Mock

import aio_pika
import pytest

from app.messaging.rabbitmq.broker import BrokerLost, connected
from app.settings import Settings
from tests.support.processes import free_port


@pytest.mark.usefixtures("without_collections")
async def test_a_connection_that_was_never_opened_is_not_closed_when_it_is_deleted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # The log of a test refers to the error, and so to the connection, until the test ends.
    caplog.set_level(logging.CRITICAL + 1, "aiormq")
    close = Mock()
    monkeypatch.setattr(aio_pika.Connection, "close", close)
    settings = Settings(_env_file=None, rabbitmq_host="127.0.0.1", rabbitmq_port=free_port())
    with pytest.raises(BrokerLost, match="no connection"):
        async with connected(settings):
            pass
    gc.collect()
    assert not close.called
