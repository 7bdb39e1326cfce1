"""The one source of the present time."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time in UTC; tests move it."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        return datetime.now(UTC) + self._offset

    def move(self, by: timedelta) -> None:
        """Move the present by a span, on top of earlier moves."""
        self._offset += by
