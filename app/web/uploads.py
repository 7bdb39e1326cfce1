"""Receives the file in the body of a request to the disk, within limits."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from litestar.types import Receive

from app.errors import ImageTypeRefused, RequestTimeout, Unavailable
from app.gateways.image_header import MAX_BYTES, MEDIA_TYPES
from app.security.open_limits import OpenLimit
from app.services.catalogue.images.image_uploads import too_large
from app.web.middleware.client_address import network_of
from app.web.request import ShopRequest
from app.web.request_state import first_headers, state_of

logger = logging.getLogger(__name__)

UPLOAD_SECONDS = 60.0
MAX_UPLOADS = 8
MAX_UPLOADS_PER_CLIENT = 4

_RETRY_SECONDS = 5


def upload_limit() -> OpenLimit:
    """Return the limit of the concurrent uploads of a process."""
    return OpenLimit(
        "uploads",
        per_client=MAX_UPLOADS_PER_CLIENT,
        in_total=MAX_UPLOADS,
        retry_after_seconds=_RETRY_SECONDS,
    )


@asynccontextmanager
async def received_image(request: ShopRequest) -> AsyncIterator[Path]:
    """Receive the image in the body of a request as a file that is deleted after the block.

    Raises:
        ImageTypeRefused: the `Content-Type` is not that of an accepted image.
        ImageTooLarge: the body is too large.
        RequestTimeout: the body did not arrive in time.
        TooManyRequests: too many other files are arriving.
        Unavailable: the disk has no room for the file.
    """
    receive = _receive_of(request)
    length = first_headers(request.scope).get(b"content-length", b"")
    if length.isdigit() and int(length) > MAX_BYTES:
        raise too_large()
    limit: OpenLimit = request.app.state.uploads
    client = network_of(request.scope)
    limit.enter(client)
    try:
        with tempfile.TemporaryDirectory(prefix="lavka-upload-") as folder:
            path = Path(folder) / "upload"
            await _write(path, receive)
            yield path
    finally:
        limit.leave(client)


def _receive_of(request: ShopRequest) -> Receive:
    media_type, _ = request.content_type
    receive = state_of(request.scope).receive_file
    if media_type.lower() not in MEDIA_TYPES or receive is None:
        given = media_type or "nothing"
        raise ImageTypeRefused(f"Content-Type must be {', '.join(MEDIA_TYPES)}, not {given}")
    return receive


async def _write(path: Path, receive: Receive) -> None:
    try:
        with path.open("wb") as file:
            async with asyncio.timeout(UPLOAD_SECONDS):
                await _copy(receive, file)
    except TimeoutError as error:
        raise RequestTimeout("the file did not arrive in time") from error
    except OSError as error:
        logger.error("the folder of temporary files: %s", error)
        raise Unavailable("the file could not be stored", retry_after_seconds=5) from error


async def _copy(receive: Receive, file: BinaryIO) -> None:
    size, is_complete = 0, False
    while not is_complete:
        message = await receive()
        if message["type"] != "http.request":
            raise RequestTimeout("the client disconnected")
        size += len(message["body"])
        if size > MAX_BYTES:
            raise too_large()
        file.write(message["body"])
        is_complete = not message["more_body"]
