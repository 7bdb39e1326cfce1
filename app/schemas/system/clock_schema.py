"""The time of the shop, where it can be moved."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.fields import WHOLE

_MOST_SECONDS = 366 * 86_400


class ClockMove(Schema):
    """By how much the time is moved, on top of earlier moves."""

    seconds: Annotated[int, Field(strict=True, ge=-_MOST_SECONDS, le=_MOST_SECONDS), WHOLE] = Field(
        description="Forwards, or, if negative, back.", examples=[86_400]
    )

    @property
    def by(self) -> timedelta:
        """The move as a span."""
        return timedelta(seconds=self.seconds)


class ClockRead(Schema):
    """What time it is in the shop."""

    now: datetime = Field(description="The present (UTC).", examples=["2026-01-31T12:00:00Z"])
