"""Every moment is in exactly one day of the shop, also when clocks change."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.core.calendar import ShopDays, span

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("zone", "day", "starts_at", "hours"),
    [
        ("UTC", "2026-03-29", "2026-03-29T00:00", 24),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", 25),
        # There is no midnight: clocks go from 23:59 to 1:00.
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00", 23),
        # Clocks go back from midnight to 23:00 of the day before.
        ("Africa/Cairo", "2026-10-29", "2026-10-28T21:00", 25),
        ("Africa/Cairo", "2026-10-30", "2026-10-29T22:00", 24),
        ("America/Havana", "2026-03-08", "2026-03-08T05:00", 23),
        # Midnight comes twice.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00", 25),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", 23.5),
        # The shop that crossed the date line had no such day.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00", 0),
    ],
)
def test_a_day_lasts_from_one_local_midnight_to_the_next(
    zone: str, day: str, starts_at: str, hours: float
) -> None:
    first, last = ShopDays(zone).window_of(date.fromisoformat(day))
    assert first == datetime.fromisoformat(starts_at).replace(tzinfo=UTC)
    assert last - first == hours * HOUR


@pytest.mark.parametrize(
    "zone",
    [
        "UTC",
        "Europe/Berlin",
        "Africa/Cairo",
        "America/Havana",
        "Australia/Lord_Howe",
        # Clocks went back at one minute past midnight.
        "America/St_Johns",
    ],
)
def test_days_are_contiguous_and_each_moment_is_in_one_day(zone: str) -> None:
    days, chance = ShopDays(zone), random.Random(zone)
    first = date(2010, 9, 1)
    for day in span(first, first + timedelta(days=400)):
        starts_at, ends_at = days.window_of(day)
        assert ends_at == days.start_of(day + timedelta(days=1))
        inside = starts_at + (ends_at - starts_at) * chance.random()
        for moment in (starts_at, inside, ends_at - TICK):
            assert days.day_of(moment) == day
        assert days.day_of(starts_at - TICK) == day - timedelta(days=1)


def test_a_day_whose_date_is_repeated_by_the_clocks_is_over() -> None:
    # At 00:01 clocks went back to 23:01 of the day before.
    days = ShopDays("America/St_Johns")
    assert days.day_of(datetime(2010, 11, 7, 3, tzinfo=UTC)) == date(2010, 11, 7)


def test_the_hour_is_that_of_local_clocks() -> None:
    days = ShopDays("Europe/Berlin")
    assert days.hour_of(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == 2
    # The repeated hour.
    assert days.hour_of(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == 2
    assert days.hour_of(datetime(2026, 10, 25, 2, 30, tzinfo=UTC)) == 3


def test_the_last_complete_day_changes_at_midnight() -> None:
    days = ShopDays("America/Havana")
    midnight = datetime(2026, 11, 2, tzinfo=ZoneInfo("America/Havana")).astimezone(UTC)
    assert days.last_over(midnight - TICK) == date(2026, 10, 31)
    assert days.last_over(midnight) == date(2026, 11, 1)
