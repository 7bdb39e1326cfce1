"""Days in requests."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

_EXAMPLE = "2026-01-31"
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(9999, 12, 30)
_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _require_iso_8601(value: object) -> object:
    # Pydantic also accepts seconds since 1970.
    if not isinstance(value, str) or not re.fullmatch(_PATTERN, value):
        raise ValueError(f"must be a day like {_EXAMPLE}")
    return value


def _require_known_years(value: date) -> date:
    if not _FIRST_DAY <= value <= _LAST_DAY:
        raise ValueError(f"must be a day from {_FIRST_DAY} to {_LAST_DAY}")
    return value


Day = Annotated[
    date,
    BeforeValidator(_require_iso_8601),
    AfterValidator(_require_known_years),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _PATTERN}),
]
"""A day in the format of ISO 8601 only."""
