"""A TCP proxy to a server that can be closed, paused and slowed down while the server runs."""

import asyncio
from contextlib import suppress
from typing import Self

_CHUNK = 65_536


class Relay:
    """Forwards bytes between clients on its own port and a server."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.delay_seconds = 0.0
        """The delay of each response in seconds."""
        self.port = 0

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.thaw()
        await self.cut()

    async def open(self) -> None:
        """Accept clients, always on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Close every connection, and refuse new ones."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def freeze(self) -> None:
        """Keep the connections open, and forward nothing."""
        self._flows.clear()

    def thaw(self) -> None:
        """Forward the delayed bytes, and all later ones."""
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                its_reader, its_writer = await asyncio.open_connection(*self._target)
                try:
                    await asyncio.gather(
                        self._pass_on(reader, its_writer, is_answer=False),
                        self._pass_on(its_reader, writer, is_answer=True),
                    )
                finally:
                    its_writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        while data := await reader.read(_CHUNK):
            if is_answer and self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError("one side has ended it")
