"""An HTTP client that uses little CPU time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, with its header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """One connection, kept alive, one request at a time."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str]) -> None:
        self._place = (host, port)
        lines = {"Host": f"{host}:{port}", "Content-Type": "application/json", **headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request, and return its response."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._place)
        reader, writer = self._streams
        own = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{own}Content-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        answered = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        content = await reader.readexactly(int(answered.get("content-length", "0")))
        return Answer(int(first.split(" ")[1]), answered, content)

    def close(self) -> None:
        """Close the connection, which the garbage collector would do much later."""
        if self._streams is not None:
            self._streams[1].close()
