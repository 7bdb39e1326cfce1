"""A broker that disconnects, or another server, counts as unavailable and ends no worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiormq.connection import FrameReceiver

from app.messaging.rabbitmq.broker import BrokerLost, connected
from app.settings import Settings
from tests.support.servers import RabbitMQServer
from tests.test_messaging.test_rabbitmq.test_broker import settings_of

NO_BROKERS = {
    "nothing": b"",
    "a web server": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "zeros": b"\0" * 64,
    "another protocol": b"AMQP\x00\x01\x00\x00",
    "an unknown method": b"\x01\0\0\0\0\0\x04\xff\xff\xff\xff\xce",
    "an empty frame": b"\x01\0\0\0\0\0\0\xce",
    "a frame without an end": b"\x01\0\0\0\0\0\x04\0\x0a\0\x0a\0",
    "a method of the client": b"\x01\0\0\0\0\0\x04\0\x0a\0\x0b\xce",
    "a close": b"\x01\0\0\0\0\0\x0b\0\x0a\0\x32\x02\x1d\0\0\0\0\0\xce",
    "a body": b"\x03\0\0\0\0\0\x01a\xce",
    "a heartbeat": b"\x08\0\0\0\0\0\0\xce",
}


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """Listen on a port, send every client the same response, and disconnect."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(answer)
        with suppress(OSError):
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def cutting(server: RabbitMQServer, after_bytes: int) -> AsyncIterator[int]:
    """Forward a port to a broker, and disconnect after a number of bytes of its responses."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        its_reader, its_writer = await asyncio.open_connection(server.host, server.port)

        async def ask() -> None:
            with suppress(OSError):
                while data := await reader.read(65_536):
                    its_writer.write(data)

        asking = asyncio.create_task(ask())
        left = after_bytes
        with suppress(OSError):
            while left and (data := await its_reader.read(left)):
                writer.write(data)
                left -= len(data)
            await writer.drain()
        writer.close()
        await asyncio.sleep(0)
        asking.cancel()
        its_writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        yield listener.sockets[0].getsockname()[1]


_get_frame = FrameReceiver.get_frame


async def get_frame_late(self: FrameReceiver) -> object:
    """Read a frame after the bytes of the broker, or its disconnect, have arrived."""
    await asyncio.sleep(0.01)
    return await _get_frame(self)


async def connect(settings: Settings, port: int) -> None:
    """Connect, and close the connection."""
    changed = settings.model_copy(update={"rabbitmq_port": port})
    async with connected(changed, connect_seconds=5, close_seconds=0.2):
        pass


@pytest.mark.parametrize("answer", NO_BROKERS.values(), ids=NO_BROKERS)
async def test_a_server_that_is_not_a_broker_counts_as_a_lost_broker(
    rabbitmq_server: RabbitMQServer, answer: bytes
) -> None:
    async with answering(answer) as port:
        with pytest.raises(BrokerLost):
            await connect(settings_of(rabbitmq_server, "/"), port)


@pytest.mark.parametrize("is_known", [False, True])
async def test_a_broker_that_disconnects_during_the_handshake_counts_as_lost(
    rabbitmq_server: RabbitMQServer, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    if is_known:
        # The library raises something else when the end is there before it reads.
        monkeypatch.setattr(FrameReceiver, "get_frame", get_frame_late)
    settings = settings_of(rabbitmq_server, rabbitmq_server.vhost)
    lost = 0
    for after_bytes in [*range(12), *range(12, 700, 7)]:
        async with cutting(rabbitmq_server, after_bytes) as port:
            try:
                await connect(settings, port)
            except BrokerLost:
                lost += 1
            else:
                break
    # The handshake has some 530 bytes of answers; after all of them there is a connection.
    assert lost > 50
