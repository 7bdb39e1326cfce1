"""The clock of the shop, if it can be moved."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.fields import WHOLE

_MAX_SECONDS = 366 * 86_400


class ClockMove(Schema):
    """A move of the clock, in addition to earlier moves."""

    seconds: Annotated[int, Field(strict=True, ge=-_MAX_SECONDS, le=_MAX_SECONDS), WHOLE] = Field(
        description="The seconds to move forwards, or backwards if negative.", examples=[86_400]
    )

    @property
    def by(self) -> timedelta:
        """The move as a time span."""
        return timedelta(seconds=self.seconds)


class ClockRead(Schema):
    """The current time of the shop."""

    now: datetime = Field(description="The current time (UTC).", examples=["2026-01-31T12:00:00Z"])
