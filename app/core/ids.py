"""Identifiers that sort by time: UUID version 7 (RFC 9562, section 5.7)."""

import hashlib
import os
from datetime import datetime
from uuid import UUID

_RANDOM_BYTES = 10


def new_id(at: datetime) -> UUID:
    """Return a random UUIDv7 for a moment, with millisecond precision."""
    return _uuid7(at, os.urandom(_RANDOM_BYTES))


def derived_id(at: datetime, kind: str, reference: str) -> UUID:
    """Return a UUIDv7 that is the same for the same moment, kind and foreign reference.

    A repeated import uses it to find the rows of the first run.
    """
    entropy = hashlib.blake2b(f"{kind}\0{reference}".encode(), digest_size=_RANDOM_BYTES).digest()
    return _uuid7(at, entropy)


def _uuid7(at: datetime, entropy: bytes) -> UUID:
    # A UUIDv7 has no times before 1970; such a moment gets the first time that it has.
    milliseconds = max(int(at.timestamp() * 1000), 0)
    value = (milliseconds << 80) | int.from_bytes(entropy, "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)
