"""A proxy that delays, blocks, resets and closes the connections through it."""

import asyncio
import random
import socket
import struct
from collections import Counter

from tests.support.servers.relay import Relay

_CHUNK = 65_536
_FAULTS = ("none", "delays", "swallows", "resets", "cuts")
_FIRST_FAULT_BYTES = (300, 60_000)


class Proxy(Relay):
    """Passes bytes between clients and a server, and breaks some connections."""

    def __init__(self, host: str, port: int, chance: random.Random) -> None:
        super().__init__(host, port)
        self.faults: Counter[str] = Counter()
        """The number of connections with each fault."""
        self.is_calm = False
        """Whether new connections have no fault."""
        self._chance = chance

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        fault = "none" if self.is_calm else self._chance.choice(_FAULTS)
        await _Flow(self, self._chance, fault).run(reader, writer)


class _Flow:
    """One direction of a connection."""

    def __init__(self, proxy: Proxy, chance: random.Random, fault: str) -> None:
        self._proxy = proxy
        self._chance = chance
        self._fault = fault
        self._bytes_left = chance.randint(*_FIRST_FAULT_BYTES)

    async def run(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Forward bytes until one side or a fault ends the connection."""
        while data := await source.read(_CHUNK):
            if self._fault == "delays":
                await asyncio.sleep(self._chance.uniform(0, 0.1))
            elif self._fault != "none" and len(data) >= self._bytes_left:
                await self._fail(data[: self._bytes_left], target)
            self._bytes_left -= len(data)
            target.write(data)
            await target.drain()
        raise ConnectionResetError("one side has ended it")

    async def _fail(self, data: bytes, target: asyncio.StreamWriter) -> None:
        """End the connection by the fault, in the middle of the transferred bytes."""
        self._proxy.faults[self._fault] += 1
        if self._fault == "cuts":
            target.write(data)
            await target.drain()
        elif self._fault == "swallows":
            await asyncio.sleep(self._chance.uniform(1, 15))
        else:
            connection: socket.socket = target.get_extra_info("socket")
            # Unsent bytes are discarded: the other side gets a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionResetError(self._fault)
