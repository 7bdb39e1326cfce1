"""Receives image files: first a row, then the file, then the errand that renders it."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from io import BytesIO
from pathlib import Path
from uuid import UUID

from app.database.deadline import uncounted
from app.errors import ImageTooLarge
from app.gateways.image_header import MAX_BYTES, ImageHeader, read_header
from app.gateways.storage import FileStore
from app.models import ImageStatus
from app.schemas.catalogue.image_schema import ImageRead
from app.services.catalogue.images.image_service import ImageService

Begin = Callable[[], AbstractAsyncContextManager[ImageService]]
"""Opens a transaction, or a session for reads."""


class ImageUploads:
    """Adds images to products; the files are stored outside of any transaction."""

    def __init__(self, begin: Begin, look: Begin, store: FileStore) -> None:
        self._begin = begin
        self._look = look
        self._store = store

    async def require_room(self, product_id: UUID) -> None:
        """Require that a product can have another image, before its file is received.

        Raises:
            ProductNotFound, TooManyImages: the product cannot have another image.
        """
        async with self._look() as images:
            await images.require_room(product_id)

    async def add(self, product_id: UUID, source: Path | bytes, alt: str = "") -> ImageRead:
        """Add an image, which an errand then renders; the same file returns the same image.

        If the process dies before the file is stored, the errand of the image removes it.

        Raises:
            ImageTypeRefused, ImageTooLarge, ImageNotReadable: the file is not accepted.
            ProductNotFound, TooManyImages: the product cannot have it.
            Unavailable: the file could not be stored.
        """
        header, size, sha256 = await asyncio.to_thread(_look_at, source)
        async with self._begin() as images:
            image = await images.begin(product_id, header, size, sha256, alt)
        if image.status is ImageStatus.UPLOADING:
            with uncounted():
                await self._store.put(image.original_key, source)
        async with self._begin() as images:
            return await images.finish(product_id, image.id)


def _look_at(source: Path | bytes) -> tuple[ImageHeader, int, bytes]:
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        size = file.seek(0, 2)
        if size > MAX_BYTES:
            raise too_large()
        file.seek(0)
        header = read_header(file)
        file.seek(0)
        return header, size, hashlib.file_digest(file, "sha256").digest()


def too_large() -> ImageTooLarge:
    """Return the refusal of a file that has too many bytes."""
    return ImageTooLarge(f"the file must have at most {MAX_BYTES:,} bytes", max_bytes=MAX_BYTES)
