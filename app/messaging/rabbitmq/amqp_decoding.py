"""Decodes the properties of every message that RabbitMQ delivers, regardless of its publisher."""

from datetime import datetime
from typing import Any

from pamqp import decode

_MAX_DEPTH = 8
_LONGEST_FIXED = 8
_TABLE, _ARRAY = b"F", b"A"
_WITH_LENGTH = (_TABLE, _ARRAY, b"S", b"x")


def decode_leniently() -> None:
    """Let the AMQP library of this process decode everything that RabbitMQ accepts.

    By default it raises on text that is not UTF-8, on times after the year 9999 and on deep tables,
    which ends the connection and returns every message that was delivered over it.
    """
    decode.METHODS |= {"shortstr": short_text, "timestamp": moment, "table": table}
    decode.TABLE_MAPPING |= {b"T": moment}


def short_text(value: bytes) -> tuple[int, str]:
    """Decode a short string; bytes that are not UTF-8 become `\\xnn`."""
    end = 1 + int.from_bytes(value[:1])
    return end, value[1:end].decode("utf-8", "backslashreplace")


def moment(value: bytes) -> tuple[int, datetime | int]:
    """Decode a time; one outside the range of datetime, such as nanoseconds, remains a number."""
    try:
        return decode.timestamp(value)
    except (ValueError, OverflowError, OSError):
        return 8, int.from_bytes(value[:8])


def table(value: bytes) -> tuple[int, dict[str, Any]]:
    """Decode a table; values that are nested too deep or of an unknown type remain bytes."""
    end = min(4 + int.from_bytes(value[:4]), len(value))
    return end, _table(value, 4, end, _MAX_DEPTH)


def _table(data: bytes, start: int, end: int, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while start < end:
        length, key = short_text(data[start : start + 256])
        start, found[key] = _value(data, start + length, end, depth)
    return found


def _array(data: bytes, start: int, end: int, depth: int) -> list[Any]:
    found: list[Any] = []
    while start < end:
        start, value = _value(data, start, end, depth)
        found.append(value)
    return found


def _value(data: bytes, start: int, end: int, depth: int) -> tuple[int, Any]:
    """Return the position after a value, and the value."""
    kind, start = data[start : start + 1], start + 1
    if kind in _WITH_LENGTH:
        following = start + 4 + int.from_bytes(data[start : start + 4])
        if kind in (_TABLE, _ARRAY):
            nested = _table if kind == _TABLE else _array
            if depth:
                return following, nested(data, start + 4, min(following, end), depth - 1)
            return following, data[start:following]
    else:
        following = start + _LONGEST_FIXED
    try:
        length, value = decode.TABLE_MAPPING[kind](data[start:following])
    except (KeyError, ValueError):
        # The length of the value is unknown.
        return end, data[start:end]
    return start + length, value
