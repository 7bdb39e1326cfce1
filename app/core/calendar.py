"""The days of the shop: from one local midnight to the next, in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


class ShopDays:
    """The days of a time zone: each moment is in exactly one, which may have 23 to 25 hours."""

    def __init__(self, timezone: str) -> None:
        self.timezone = timezone
        self._zone = ZoneInfo(timezone)

    def start_of(self, day: date) -> datetime:
        """Return the first moment of a day.

        Where clocks skip midnight it is the moment at which they do; where midnight comes twice,
        the first one.
        """
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def window_of(self, day: date) -> tuple[datetime, datetime]:
        """Return the first moment of a day, and the first one after it."""
        return self.start_of(day), self.start_of(day + _DAY)

    def day_of(self, moment: datetime) -> date:
        """Return the day that has a moment."""
        day = moment.astimezone(self._zone).date()
        # Where clocks go back over midnight, the calendar shows the day before once more.
        while moment >= self.start_of(day + _DAY):
            day += _DAY
        while moment < self.start_of(day):
            day -= _DAY
        return day

    def hour_of(self, moment: datetime) -> int:
        """Return the hour that local clocks show; an hour that comes twice is one and the same."""
        return moment.astimezone(self._zone).hour

    def last_over(self, now: datetime) -> date:
        """Return the last day that is over."""
        return self.day_of(now) - _DAY


def span(first: date, last: date) -> list[date]:
    """Return the days from the first to the last one, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
