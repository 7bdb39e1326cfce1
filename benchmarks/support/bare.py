"""A minimal ASGI application, on the HTTP server of the shop."""

import sys
from typing import Any

from app.runtime.http_server import serve_here
from app.runtime.process import run


class Bare:
    """Responds to any request with a constant body of some bytes."""

    def __init__(self, size: int) -> None:
        self._body = b"{" + b" " * (size - 2) + b"}"
        self._headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(size).encode()),
        ]

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            start = {"type": "http.response.start", "status": 200, "headers": self._headers}
            await send(start)
            await send({"type": "http.response.body", "body": self._body})


if __name__ == "__main__":
    _, _port, _size = sys.argv
    run(serve_here(Bare(int(_size)), "127.0.0.1", int(_port), lambda: None))
