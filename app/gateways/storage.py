"""Stores of files, by keys that never get another content."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_KEY = re.compile(r"(originals/)?[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}(\.webp)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store: its size, and its content in parts."""

    size: int
    parts: AsyncIterator[bytes]


class FileStore(Protocol):
    """A store of files.

    Every method raises `Unavailable` if the store does not answer.
    """

    async def put(self, key: str, source: Path | bytes) -> None:
        """Store a file as a whole or not at all, also if it is there already."""

    async def open(self, key: str) -> StoredFile | None:
        """Return a file, or None if there is none."""

    async def delete(self, key: str) -> None:
        """Delete a file, if there is one."""


def require_key(key: str) -> None:
    """Require that a key is one of those that the shop makes.

    Raises:
        ValueError: it is not; it might name another file of the machine.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not a key of a file")
