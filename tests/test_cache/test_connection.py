"""The connection that all tasks share gives each task its own reply, within a time limit."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.cache.connection import Connection, RedisUnavailable
from tests.support.servers import RedisServer
from tests.support.servers.relay import Relay


class Listener:
    """Records the pushes and the ends of a connection."""

    def __init__(self) -> None:
        self.pushes: list[list[Any]] = []
        self.ends: list[str] = []


@asynccontextmanager
async def connected(port: int, timeout_seconds: float = 0.1) -> AsyncIterator[Any]:
    """Connect to a port; return the connection and its listener."""
    listener = Listener()
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(timeout_seconds, listener.pushes.append, listener.ends.append),
        "127.0.0.1",
        port,
    )
    try:
        yield connection, listener
    finally:
        connection.close()


@asynccontextmanager
async def speaking(answer: bytes) -> AsyncIterator[int]:
    """Run a server that sends the same bytes to each client, and return its port."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.read(1)
        writer.write(answer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in writers:
            each.close()


async def test_each_of_a_thousand_tasks_gets_its_own_reply(redis_server: RedisServer) -> None:
    async with connected(redis_server.port) as (connection, _):
        await connection.call("HELLO", 3)
        answers = await asyncio.gather(*(connection.call("ECHO", n) for n in range(1_000)))
    assert answers == [str(n).encode() for n in range(1_000)]


async def test_a_cancelled_call_does_not_take_the_reply_of_another_call(
    redis_server: RedisServer,
) -> None:
    async with connected(redis_server.port) as (connection, _):
        await connection.call("HELLO", 3)
        first = asyncio.create_task(connection.call("ECHO", "first"))
        second = asyncio.create_task(connection.call("ECHO", "second"))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == b"second"


async def test_an_error_reply_is_raised_and_the_connection_stays_open(
    redis_server: RedisServer,
) -> None:
    async with connected(redis_server.port) as (connection, listener):
        await connection.call("HELLO", 3)
        with pytest.raises(RedisUnavailable, match="unknown command"):
            await connection.call("NONSENSE")
        assert await connection.call("PING") == b"PONG"
        assert listener.ends == []


async def test_pushes_are_not_taken_for_replies(redis_server: RedisServer) -> None:
    async with (
        connected(redis_server.port) as (reader, listener),
        connected(redis_server.port) as (writer, _),
    ):
        for each in (reader, writer):
            await each.call("HELLO", 3)
        await reader.call("CLIENT", "TRACKING", "ON", "NOLOOP")
        await writer.call("SET", "push", 1)
        assert await reader.call("GET", "push") == b"1"
        await writer.call("DEL", "push")
        assert await reader.call("GET", "push") is None
        assert listener.pushes == [[b"invalidate", [b"push"]]]


async def test_a_connection_without_replies_is_closed(redis_server: RedisServer) -> None:
    async with Relay(redis_server.host, redis_server.port) as relay:
        async with connected(relay.port) as (connection, listener):
            await connection.call("HELLO", 3)
            relay.freeze()
            waiting = [asyncio.create_task(connection.call("PING")) for _ in range(3)]
            answers = await asyncio.gather(*waiting, return_exceptions=True)
            assert [str(each) for each in answers] == ["Redis does not answer in time"] * 3
            assert listener.ends == ["Redis does not answer in time"]
            with pytest.raises(RedisUnavailable, match="closed"):
                await connection.call("PING")


async def test_a_process_that_was_suspended_still_reads_a_reply(
    redis_server: RedisServer,
) -> None:
    async with connected(redis_server.port) as (connection, listener):
        await connection.call("HELLO", 3)
        answer = asyncio.create_task(connection.call("PING"))
        await asyncio.sleep(0)
        time.sleep(0.5)
        assert await answer == b"PONG"
        assert listener.ends == []


WRONG: dict[str, bytes] = {
    "nothing that was asked": b"+OK\r\n+AND\r\n+MORE\r\n",
    "no protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG)
async def test_a_server_that_is_not_redis_is_disconnected(answer: bytes) -> None:
    async with speaking(answer) as port, connected(port) as (connection, listener):
        with pytest.raises(RedisUnavailable):
            await connection.call("HELLO", 3)
            await connection.call("PING")
        assert len(listener.ends) == 1


async def test_a_closed_connection_is_reported(redis_server: RedisServer) -> None:
    async with Relay(redis_server.host, redis_server.port) as relay:
        async with connected(relay.port) as (connection, listener):
            await connection.call("HELLO", 3)
            await relay.cut()
            await _until(lambda: bool(listener.ends))
            assert listener.ends == ["Redis closed the connection"]


async def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError
