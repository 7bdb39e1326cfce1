"""The files that pages load: styles, scripts and icons; a changed file has another address."""

import gzip
from collections.abc import Mapping
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

_FOLDER = Path(__file__).parent / "static"
ASSETS = "/assets"
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_LEVEL = 9


class Asset(Struct, frozen=True):
    """A file in the form that is sent."""

    body: bytes
    gzipped: bytes
    media_type: str
    version: str


class Assets:
    """The files by name, read once."""

    def address_of(self, name: str) -> str:
        """Return the address of a file, which names its content."""
        return f"{ASSETS}/{self.files[name].version}/{name}"

    @cached_property
    def files(self) -> Mapping[str, Asset]:
        """The files of the folder by name."""
        paths = [path for path in _FOLDER.rglob("*") if path.suffix in _TYPES]
        return {path.name: _read(path) for path in paths}


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    version = blake2b(body, digest_size=6).hexdigest()
    return Asset(body, gzip.compress(body, _LEVEL, mtime=0), _TYPES[path.suffix], version)
