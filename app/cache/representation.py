"""What is cached: a document as it is sent."""

import gzip
from typing import Self

import msgspec

from app.schemas.base import Schema, etag_of

_MIN_TO_COMPRESS = 1_024
# Half of the saving of level 9 in a tenth of its time.
_LEVEL = 5
# An entry's own objects and its places in the indexes, roughly.
_OVERHEAD = 600


class Representation(msgspec.Struct, frozen=True, array_like=True):
    """A document as JSON, with its entity tag and, where it is large, a compressed variant."""

    body: bytes
    etag: str
    gzipped: bytes | None = None

    @classmethod
    def of(cls, document: Schema) -> Self:
        """Render a document."""
        body = document.to_json()
        # Without a time in it, or else the same document would have other bytes each second.
        gzipped = gzip.compress(body, _LEVEL, mtime=0) if len(body) > _MIN_TO_COMPRESS else None
        return cls(body, etag_of(body), gzipped)

    @property
    def is_absent(self) -> bool:
        """Whether it stands for the knowledge that there is no such thing."""
        return not self.body

    @property
    def size(self) -> int:
        """The bytes that it takes in memory, roughly."""
        return len(self.body) + len(self.gzipped or b"") + _OVERHEAD


ABSENT = Representation(b"", "")
