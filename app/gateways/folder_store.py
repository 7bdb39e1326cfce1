"""A store of files in a folder of this machine."""

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

from app.errors import Unavailable
from app.gateways.storage import StoredFile, require_key

logger = logging.getLogger(__name__)

_INCOMING = "incoming"
_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_PART_BYTES = 256 * 1024


class FolderStore:
    """Files in a folder; only its owner can read them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, source: Path | bytes) -> None:
        """Store a file completely or not at all; an existing one is replaced.

        Raises:
            Unavailable: the folder cannot be written.
        """
        require_key(key)
        try:
            await asyncio.to_thread(self._put, key, source)
        except OSError as error:
            raise _unavailable(error) from error

    async def open(self, key: str) -> StoredFile | None:
        """Return a file, or None if it does not exist.

        Raises:
            Unavailable: the folder cannot be read.
        """
        require_key(key)
        try:
            size, first = await asyncio.to_thread(_begin, self._folder / key)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unavailable(error) from error
        return StoredFile(size, _parts(self._folder / key, first))

    async def delete(self, key: str) -> None:
        """Delete a file, if it exists.

        Raises:
            Unavailable: the folder cannot be written.
        """
        require_key(key)
        try:
            await asyncio.to_thread((self._folder / key).unlink, missing_ok=True)
        except OSError as error:
            raise _unavailable(error) from error

    def _put(self, key: str, source: Path | bytes) -> None:
        incoming = self._folder / _INCOMING / uuid4().hex
        target = self._folder / key
        for file_path in (incoming, target):
            # Each folder is created separately: a mode does not apply to the parents of a folder.
            for folder in reversed(file_path.relative_to(self._folder).parents):
                (self._folder / folder).mkdir(
                    mode=_PRIVATE_FOLDER, parents=folder == Path(), exist_ok=True
                )
        try:
            opened = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
            with os.fdopen(opened, "wb") as file:
                if isinstance(source, bytes):
                    file.write(source)
                else:
                    with source.open("rb") as given:
                        shutil.copyfileobj(given, file, _PART_BYTES)
                file.flush()
                os.fsync(file.fileno())
            # After a crash, the file exists with all of its content, or does not exist.
            incoming.replace(target)
        finally:
            incoming.unlink(missing_ok=True)
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _begin(path: Path) -> tuple[int, bytes]:
    with path.open("rb") as file:
        return os.fstat(file.fileno()).st_size, file.read(_PART_BYTES)


async def _parts(path: Path, first: bytes) -> AsyncIterator[bytes]:
    # The file is opened again only for the rest: a caller who reads no part leaves no open file.
    yield first
    if len(first) < _PART_BYTES:
        return
    with await asyncio.to_thread(path.open, "rb") as file:
        file.seek(len(first))
        while part := await asyncio.to_thread(file.read, _PART_BYTES):
            yield part


def _unavailable(error: OSError) -> Unavailable:
    logger.error("the folder of the files: %s", error)
    return Unavailable("the files of the shop cannot be read or written", retry_after_seconds=5)
