"""Days in requests."""

import re
from datetime import date
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from app.schemas.base import Schema

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


class Period(Schema):
    """A period of days."""

    from_day: Day | None = Field(
        default=None, alias="from", description="Only this day and later ones.", examples=[_EXAMPLE]
    )
    to_day: Day | None = Field(
        default=None,
        alias="to",
        description="Only this day and earlier ones; not before `from`.",
        examples=["2026-02-28"],
    )

    @field_validator("to_day")
    @classmethod
    def _ends_after_it_begins(cls, to_day: date | None, info: ValidationInfo) -> date | None:
        from_day = info.data.get("from_day")
        if from_day and to_day and from_day > to_day:
            raise ValueError("must not be before from")
        return to_day
