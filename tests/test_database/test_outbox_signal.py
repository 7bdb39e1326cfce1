"""The connection that listens for messages in the outbox."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from app.database.outbox_signal import OutboxSignal
from tests.conftest import TEMPLATE
from tests.support.servers import PostgresServer


@pytest.mark.parametrize("fault", [asyncpg.InterfaceError("planted"), asyncio.CancelledError()])
async def test_a_connection_that_cannot_listen_is_closed(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    opened: list[asyncpg.Connection] = []

    async def fail(connection: asyncpg.Connection, *_arguments: Any) -> None:
        opened.append(connection)
        raise fault

    monkeypatch.setattr(asyncpg.Connection, "add_listener", fail)
    signal = OutboxSignal(make_url(postgres_server.url(TEMPLATE)))
    with suppress(asyncio.CancelledError):
        await signal.wait(0.01)
    await signal.close()
    assert [each.is_closed() for each in opened] == [True]
