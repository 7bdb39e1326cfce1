"""Rates as percentages: 88,750 parts per million are "8.875"."""

from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema

PERCENT = 10_000
"""One percent in parts per million."""


def as_percentage(ppm: int) -> str:
    """Return parts per million as a percentage."""
    whole, rest = divmod(ppm, PERCENT)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".")


Percentage = Annotated[
    int,
    PlainSerializer(as_percentage, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,4})?$", "maxLength": 8}),
]
"""An output rate in percent as a decimal string; the value is in parts per million."""
