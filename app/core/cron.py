"""Cron expressions: the times of a schedule in a time zone."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
# Weekdays and leap days repeat after 28 years, or 40 where a century has no leap day.
_SEARCHED_DAYS = 366 * 40
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]{1,2}))?")


class _Field(NamedTuple):
    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    # 0 and 7 are Sunday.
    _Field("day of the week", 0, 7, _WEEKDAYS),
)


class Cron:
    """A cron expression: minute, hour, day of the month, month and day of the week.

    A field is `*`, a number, a name of a month or a weekday, a range or a list of them; `/2` after
    a range or `*` is a step. As in POSIX, either of the two days suffices if both are given.
    """

    def __init__(self, expression: str) -> None:
        """Parse an expression.

        Raises:
            ValueError: the expression is not valid, or no date matches it.
        """
        texts = expression.lower().split()
        if len(texts) != len(_FIELDS):
            names = ", ".join(field.name for field in _FIELDS)
            raise ValueError(f"must have five fields: {names}")
        parsed = [_numbers(text, field) for text, field in zip(texts, _FIELDS)]
        self._minutes, self._hours, self._days, self._months, weekdays = parsed
        self._weekdays = {number % 7 for number in weekdays}
        self._is_either = not texts[2].startswith("*") and not texts[4].startswith("*")
        parsed[4] = self._weekdays
        self.expression = " ".join(
            text if text.startswith("*") else ",".join(map(str, sorted(numbers)))
            for text, numbers in zip(texts, parsed)
        )
        """The expression as lists of numbers, which every program that reads cron accepts."""
        first = date(2000, 1, 1)
        if not any(self._has(first + number * _DAY) for number in range(_SEARCHED_DAYS)):
            raise ValueError("names a day that does not exist")

    def last_before(self, moment: datetime, timezone: str) -> datetime:
        """Return the last time of the schedule that is not after a moment.

        A time that a clock change skips is moved to the change; of a time that occurs twice, the
        first counts.
        """
        zone = ZoneInfo(timezone)
        # Where clocks are set back over midnight, the date goes back too.
        day = moment.astimezone(zone).date() + _DAY
        while True:
            if self._has(day):
                for hour in sorted(self._hours, reverse=True):
                    for minute in sorted(self._minutes, reverse=True):
                        at = datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
                        if at <= moment:
                            return at
            day -= _DAY

    def _has(self, day: date) -> bool:
        is_day, is_weekday = day.day in self._days, day.isoweekday() % 7 in self._weekdays
        chosen = is_day or is_weekday if self._is_either else is_day and is_weekday
        return chosen and day.month in self._months


def _numbers(text: str, field: _Field) -> set[int]:
    """Return the numbers that a field names."""
    return {number for part in text.split(",") for number in _range(part, field)}


def _range(part: str, field: _Field) -> range:
    found = _PART.fullmatch(part)
    if found is None or (found["step"] and found["first"] and not found["last"]):
        raise _refused(part, field)
    step = int(found["step"] or 1)
    if found["first"] is None:
        first, last = field.lowest, field.highest
    else:
        first = _number(found["first"], field)
        last = _number(found["last"] or found["first"], field)
    if step == 0 or not field.lowest <= first <= last <= field.highest:
        raise _refused(part, field)
    return range(first, last + 1, step)


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.lowest
    if re.fullmatch(r"[0-9]{1,2}", text):
        return int(text)
    raise _refused(text, field)


def _refused(part: str, field: _Field) -> ValueError:
    return ValueError(
        f"{part!r} is not valid for the {field.name}, "
        f"which is a number from {field.lowest} to {field.highest}"
    )
