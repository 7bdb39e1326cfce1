"""A process that opens connections to a shop and keeps them open until its standard input ends.

It prints `ended` when the shop has ended every event stream. It is a separate process so that it
takes no CPU time from the process that measures.
"""

import asyncio
import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from tests.support.machines import AUTHORIZATION

_TRICKLE_SECONDS = 2.0
_STREAM_SECONDS = 0.008
_BUNDLE = "/docs/assets/swagger-ui/swagger-ui-bundle.js"
_BODY = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n"
_FORM = b"username=nobody&password="


@dataclass(frozen=True)
class Attack:
    """Connections of one kind, opened in turn or at once, from one address or from many."""

    name: str
    bodies: int = 0
    silent: int = 0
    streams: int = 0
    readers: int = 0
    is_from_many: bool = False
    is_in_turn: bool = False


@contextlib.contextmanager
def attacking(port: int, attack: Attack, operation_id: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Attack while the block runs; streams follow the operation."""
    plan = msgspec.json.encode(asdict(attack)).decode()
    command = [sys.executable, "-m", "benchmarks.support.attacker", str(port), operation_id, plan]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.communicate()


class _Attacker:
    def __init__(self, port: int, operation_id: str, attack: Attack) -> None:
        self._port = port
        self._operation_id = operation_id
        self._attack = attack
        self._streams_left = attack.streams

    async def run(self) -> None:
        """Open the connections, and keep them until standard input ends."""
        attack = self._attack
        works = [self._body(number) for number in range(attack.bodies)]
        works += [self._silence() for _ in range(attack.silent)]
        works += [self._reader(number) for number in range(attack.readers)]
        tasks = [asyncio.create_task(each) for each in works]
        for number in range(attack.streams):
            tasks.append(asyncio.create_task(self._stream(number)))
            if attack.is_in_turn:
                await asyncio.sleep(_STREAM_SECONDS)
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        threading.Thread(target=_wait_for_end, args=(loop, stop), daemon=True).start()
        await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, start: str, headers: str, number: int) -> Any:
        streams = await asyncio.open_connection("127.0.0.1", self._port, limit=4_096)
        address = f"198.18.{number // 250}.{number % 250}" if self._attack.is_from_many else "::1"
        machine = f"Authorization: {AUTHORIZATION['Authorization']}\r\n"
        head = f"{start} HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: {address}\r\n{machine}{headers}"
        streams[1].write(f"{head}\r\n".encode())
        return streams

    async def _silence(self) -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            await reader.read()
            writer.close()

    async def _body(self, number: int) -> None:
        while True:
            reader, writer = await self._send("POST /api/v1/auth/token", _BODY, number)
            writer.write(_FORM)
            answer = asyncio.create_task(reader.read())
            while not answer.done():
                await asyncio.wait({answer}, timeout=_TRICKLE_SECONDS)
                writer.write(b"a")
            writer.close()
            with contextlib.suppress(ConnectionError):
                await answer
            # Otherwise, connections that are refused at once would only measure the refusals.
            await asyncio.sleep(_TRICKLE_SECONDS)

    async def _stream(self, number: int) -> None:
        path = f"GET /api/v1/operations/{self._operation_id}/events"
        reader, writer = await self._send(path, "Connection: close\r\n", number)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        self._streams_left -= 1
        if not self._streams_left:
            print("ended", flush=True)

    async def _reader(self, number: int) -> None:
        _, writer = await self._send(f"GET {_BUNDLE}", "", number)
        # More than the buffers of the operating system hold.
        for _ in range(30):
            writer.write(f"GET {_BUNDLE} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
        await asyncio.Event().wait()


def _wait_for_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    sys.stdin.read()
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    _, _port, _operation_id, _plan = sys.argv
    _attack = Attack(**msgspec.json.decode(_plan))
    asyncio.run(_Attacker(int(_port), _operation_id, _attack).run())
