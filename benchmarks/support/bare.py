"""The least that an ASGI application can answer, behind the server that the shop has."""

import sys
from typing import Any

from app.runtime.http_server import serve_here
from app.runtime.process import run

_BODY = b"{" + b" " * 398 + b"}"
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"400")]


async def application(scope: Any, _receive: Any, send: Any) -> None:
    """Answer any request with 400 bytes."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _BODY})


if __name__ == "__main__":
    run(serve_here(application, "127.0.0.1", int(sys.argv[1]), lambda: None))
