"""Adds the bounds of formats to the schemas of an OpenAPI document."""

from collections.abc import Iterator
from typing import Any

_LENGTHS = {
    "uuid": len("0199a1b2-7c00-7d00-8e00-0123456789ab"),
    "date": len("2026-01-31"),
    # This is Pydantic's format of a time in UTC.
    "date-time": len("2026-01-31T12:00:00.123456Z"),
}
# Keywords that contain values, which may look like schemas.
_VALUES = {"const", "default", "enum", "example", "examples"}


def bound(document: dict[str, Any]) -> None:
    """Add `maxLength` to strings with a format, and a format to integers with bounds."""
    for schema in _objects(document):
        if schema.get("type") == "string" and schema.get("format") in _LENGTHS:
            schema.setdefault("maxLength", _LENGTHS[schema["format"]])
        if schema.get("type") == "integer" and {"minimum", "maximum"} <= schema.keys():
            fits = -(2**31) <= schema["minimum"] and schema["maximum"] < 2**31
            schema.setdefault("format", "int32" if fits else "int64")


def _objects(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for name, value in node.items():
            if name not in _VALUES:
                yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)
