"""Stores of files, by keys whose content never changes."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from msgspec import Struct

_KEY = re.compile(r"(originals/)?[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}(\.webp)?", re.ASCII)


class StoredFile(Struct, frozen=True):
    """A stored file: its size, and its content in parts."""

    size: int
    parts: AsyncIterator[bytes]


class FileStore(Protocol):
    """A store of files.

    Every method raises `Unavailable` if the store does not answer.
    """

    async def put(self, key: str, source: Path | bytes) -> None:
        """Store a file completely or not at all; an existing one is replaced."""

    async def open(self, key: str) -> StoredFile | None:
        """Return a file, or None if it does not exist."""

    async def delete(self, key: str) -> None:
        """Delete a file, if it exists."""


def require_key(key: str) -> None:
    """Require that a key has the form that the shop generates.

    Raises:
        ValueError: the key has another form, and might name another file of the machine.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not a key of a file")
