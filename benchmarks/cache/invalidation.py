"""Measures two ways to invalidate values in processes: client tracking of Redis, or pub/sub.

It starts its own Redis. One connection drops keys that the others have read.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import hiredis
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from rich.console import Console
from rich.table import Table

from app.cache.connection import Connection
from tests.support.servers import RedisServer, start_redis

_KEYS = 50
_BODY = b"x" * 400
_CHANNEL = "drops"
_AT_ONCE = 64

Told = list[tuple[bytes, float]]


def main() -> None:
    """Measure both ways in turn, and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cache.invalidation", description=__doc__
    )
    parser.add_argument("--drops", type=int, default=4_000, help="drops (%(default)s)")
    parser.add_argument("--readers", type=int, default=4, help="readers (%(default)s)")
    parser.add_argument("--reads", type=int, default=50_000, help="reads (%(default)s)")
    arguments = parser.parse_args()
    table = Table("", "client tracking", "drops by pub/sub", "redis-py, neither")
    with start_redis() as server:
        columns = [
            asyncio.run(_Bench(server, arguments, way).run()) for way in ("tracking", "pub/sub")
        ]
        plain = asyncio.run(_read_by_redis_py(server, arguments.reads))
    for name in columns[0]:
        other = plain if name.startswith("reads a second") else ""
        table.add_row(name, columns[0][name], columns[1][name], other)
    Console().print(table)


class _Bench:
    """One way of invalidation, with its readers."""

    def __init__(self, server: RedisServer, arguments: argparse.Namespace, way: str) -> None:
        self._server = server
        self._arguments = arguments
        self._is_tracking = way == "tracking"

    async def run(self) -> dict[str, str]:
        """Return the measurements as text."""
        self._server.flush()
        told: list[Told] = [[] for _ in range(self._arguments.readers)]
        readers = [await self._connect(_noting(each), is_reader=True) for each in told]
        dropper = await self._connect(lambda _: None, is_reader=False)
        delays, dropping_cpu = await self._drop(dropper, readers, told)
        rate, reading_cpu = await self._read(readers[0])
        for connection in (*readers, dropper):
            connection.close()
        return {
            "told after the drop was sent, median": f"{median(delays) * 1000:.3f} ms",
            "99 of 100 within": f"{sorted(delays)[len(delays) * 99 // 100] * 1000:.3f} ms",
            "not told": str(sum(each < 0 for each in delays)),
            "Redis' CPU for a drop and its reads": f"{dropping_cpu * 1e6:.1f} µs",
            "reads a second, 64 at once": f"{rate:,.0f}",
            "Redis' CPU for a read": f"{reading_cpu * 1e6:.2f} µs",
        }

    async def _connect(
        self, on_push: Callable[[list[Any]], None], *, is_reader: bool
    ) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(5.0, on_push, lambda _: None), self._server.host, self._server.port
        )
        await connection.call("HELLO", 3)
        if is_reader and self._is_tracking:
            await connection.call("CLIENT", "TRACKING", "ON", "NOLOOP")
        if is_reader and not self._is_tracking:
            # Redis replies to SUBSCRIBE with a push message, so no call may wait for a reply.
            subscribe: tuple[Any, ...] = ("SUBSCRIBE", _CHANNEL)
            connection._transport.write(  # type: ignore[union-attr]  # pylint: disable=W0212
                hiredis.pack_command(subscribe)
            )
            await connection.call("PING")
        return connection

    async def _drop(
        self, dropper: Connection, readers: list[Connection], told: list[Told]
    ) -> tuple[list[float], float]:
        """Drop keys that all readers have just read; return the delay of each reader, and CPU."""
        delays: list[float] = []
        cpu = self._cpu_seconds()
        for number in range(self._arguments.drops):
            name = f"key:{number % _KEYS}"
            await dropper.call("SET", name, _BODY)
            await asyncio.gather(*(each.call("GET", name) for each in readers))
            for each in told:
                each.clear()
            sent = time.perf_counter()
            commands = [dropper.call("DEL", name)]
            if not self._is_tracking:
                commands.append(dropper.call("PUBLISH", _CHANNEL, name))
            await asyncio.gather(*commands)
            deadline = sent + 0.5
            while time.perf_counter() < deadline:
                if all(each for each in told):
                    break
                await asyncio.sleep(0)
            delays += [each[0][1] - sent if each else -1.0 for each in told]
        return delays, (self._cpu_seconds() - cpu) / self._arguments.drops

    async def _read(self, reader: Connection) -> tuple[float, float]:
        for number in range(_KEYS):
            await reader.call("SET", f"key:{number}", _BODY)
        cpu, began = self._cpu_seconds(), time.perf_counter()
        for start in range(0, self._arguments.reads, _AT_ONCE):
            await asyncio.gather(
                *(reader.call("GET", f"key:{(start + each) % _KEYS}") for each in range(_AT_ONCE))
            )
        span = time.perf_counter() - began
        return self._arguments.reads / span, (self._cpu_seconds() - cpu) / self._arguments.reads

    def _cpu_seconds(self) -> float:
        with Redis.from_url(self._server.url()) as client:
            info: Any = client.info("cpu")
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def _noting(told: Told) -> Callable[[list[Any]], None]:
    def note(push: list[Any]) -> None:
        names = {b"invalidate": push[1], b"message": push[2:]}.get(push[0]) or ()
        told.extend((name, time.perf_counter()) for name in names)

    return note


async def _read_by_redis_py(server: RedisServer, reads: int) -> str:
    async with AsyncRedis.from_url(server.url()) as client:
        began = time.perf_counter()
        for start in range(0, reads, _AT_ONCE):
            await asyncio.gather(
                *(client.get(f"key:{(start + each) % _KEYS}") for each in range(_AT_ONCE))
            )
        return f"{reads / (time.perf_counter() - began):,.0f}"


if __name__ == "__main__":
    main()
