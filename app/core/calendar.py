"""Shop days: from one local midnight to the next, in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


class ShopDays:
    """The days of a time zone; each moment belongs to exactly one day, of 23 to 25 hours."""

    def __init__(self, timezone: str) -> None:
        self.timezone = timezone
        self._zone = ZoneInfo(timezone)

    def start_of(self, day: date) -> datetime:
        """Return the first moment of a day.

        Where a clock change skips midnight, it is the moment of the change; where midnight occurs
        twice, it is the first one.
        """
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def moment_of(self, local: datetime) -> datetime:
        """Return the moment of a local date and time.

        Raises:
            ValueError: clocks skip this time, or it occurs twice.
        """
        first, second = (local.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        moment = first.astimezone(UTC)
        if first.utcoffset() != second.utcoffset():
            is_skipped = moment.astimezone(self._zone).replace(tzinfo=None) != local
            what = "does not exist" if is_skipped else "occurs twice"
            raise ValueError(f"{what} in {self.timezone}; must have an offset, like +01:00")
        return moment

    def window_of(self, day: date) -> tuple[datetime, datetime]:
        """Return the first moment of a day and the first moment after it."""
        return self.start_of(day), self.start_of(day + _DAY)

    def day_of(self, moment: datetime) -> date:
        """Return the day that contains a moment."""
        day = moment.astimezone(self._zone).date()
        # Where clocks are set back over midnight, the local date goes back to the previous day.
        while moment >= self.start_of(day + _DAY):
            day += _DAY
        while moment < self.start_of(day):
            day -= _DAY
        return day

    def hour_of(self, moment: datetime) -> int:
        """Return the local hour of a moment; an hour that occurs twice has one number."""
        return moment.astimezone(self._zone).hour

    def last_over(self, now: datetime) -> date:
        """Return the last day that has ended."""
        return self.day_of(now) - _DAY


def span(first: date, last: date) -> list[date]:
    """Return the days from the first to the last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
