"""The cached representation: a document in the form that is sent."""

import gzip
from typing import Self

import msgspec

from app.schemas.base import Schema, etag_of

_MIN_TO_COMPRESS = 1_024
# Half of the savings of level 9 in a tenth of the time.
_LEVEL = 5
# The approximate size of an entry's objects and index entries.
_OVERHEAD = 600


class Representation(msgspec.Struct, frozen=True, array_like=True):
    """A document as JSON, with its entity tag and, if it is large, a compressed variant."""

    body: bytes
    etag: str
    gzipped: bytes | None = None

    @classmethod
    def of(cls, document: Schema) -> Self:
        """Render a document."""
        body = document.to_json()
        # A time stamp would give the same document different bytes every second.
        gzipped = gzip.compress(body, _LEVEL, mtime=0) if len(body) > _MIN_TO_COMPRESS else None
        return cls(body, etag_of(body), gzipped)

    @property
    def is_absent(self) -> bool:
        """Whether it records that the resource does not exist."""
        return not self.body

    @property
    def size(self) -> int:
        """The approximate size in memory, in bytes."""
        return len(self.body) + len(self.gzipped or b"") + _OVERHEAD


ABSENT = Representation(b"", "")
