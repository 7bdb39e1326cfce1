"""Rates as percentages: 88,750 parts per million are "8.875"."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

PERCENT = 10_000
"""One percent in parts per million."""
_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,4})?$"
_UP_TO_100 = r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)$"


def as_percentage(ppm: int) -> str:
    """Return parts per million as a percentage."""
    whole, rest = divmod(ppm, PERCENT)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".")


def _to_ppm(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(_PATTERN, value):
        raise ValueError('must be a percentage as text, like "19" or "8.875"')
    if (ppm := int(Decimal(value) * PERCENT)) > 100 * PERCENT:
        raise ValueError("must not be more than 100")
    return ppm


Percentage = Annotated[
    int,
    PlainSerializer(as_percentage, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "maxLength": 8}),
]
"""An output rate in percent as a decimal string; the value is in parts per million."""

PercentageInput = Annotated[
    int,
    BeforeValidator(_to_ppm),
    WithJsonSchema({"type": "string", "pattern": _UP_TO_100, "maxLength": 8}),
]
"""An input rate from 0 to 100 percent as a decimal string; the value is in parts per million."""
