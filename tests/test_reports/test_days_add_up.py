"""Reports add up to the orders, in time zones with and without daylight saving time."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from app.core.calendar import span
from app.jobs.daily_reports import make_due_reports
from app.settings import Settings
from app.wiring.resources import Shop
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.servers import PostgresServer
from tests.support.servers.sqlite import prepared
from tests.test_reports.books import (
    add_orders,
    at_moment,
    cancel,
    lines_of,
    open_shop,
    orders_of,
    reports_of,
)

# A year with a leap day, from one end of daylight saving time to the next.
FIRST, LAST = date(2023, 11, 10), date(2024, 11, 10)
DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
ZONES = ("UTC", "Europe/Berlin", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe")
# On PostgreSQL, one zone is enough: the calendar is the same on both databases.
PLACES = [*((zone, "sqlite") for zone in ZONES), ("Australia/Lord_Howe", "postgres")]
CANCELLED = 40


@pytest_asyncio.fixture(name="year", loop_scope="session", params=PLACES, ids="-".join)
async def shop_of_a_year(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A separate shop in each zone."""
    zone, database = request.param
    settings: Settings
    if database == "sqlite":
        settings = sqlite_settings(tmp_path, shop_timezone=zone)
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.create_database("year")
        settings = postgres_settings(server, "year", shop_timezone=zone)
    shop = await prepared(settings)
    yield shop
    await shop.close()


def changes_of(zone: str) -> list[date]:
    """Return the days of the year on which the UTC offset of a zone changes."""
    noons = {
        day: datetime.combine(day, time(12), ZoneInfo(zone)) for day in span(FIRST - DAY, LAST)
    }
    return [
        day
        for day, noon in noons.items()
        if day >= FIRST and noon.utcoffset() != noons[day - DAY].utcoffset()
    ]


def around(day: date, before: int, after: int) -> set[date]:
    """Return a day with a number of days before and after it."""
    return set(span(day - before * DAY, day + after * DAY))


def days_of(zone: str) -> tuple[list[date], list[date]]:
    """Return the days that get orders, and the days without orders that get a report as well.

    Orders are placed around each change of the offset, the leap day and each end of a month.
    """
    changes = changes_of(zone) or [date(2024, 10, 27)]
    busy = set().union(*(around(each, 2, 2) for each in changes), around(date(2024, 2, 29), 2, 2))
    for day in span(FIRST, changes[-1]):
        if day.day == 1:
            busy |= around(day, 1, 0)
    quiet = {changes[-1] - DAY, changes[-1] + 3 * DAY}
    # The shop opens shortly before the last change, and from then on every day has a report.
    return sorted(busy - quiet), sorted(quiet)


def moments_of(shop: Shop, days: list[date]) -> list[datetime]:
    """Return the first, the last and two random moments of each day."""
    chance, moments = random.Random(shop.days.timezone), []
    for day in days:
        starts_at, ends_at = shop.days.window_of(day)
        within = [starts_at + (ends_at - starts_at) * chance.random() for _ in range(2)]
        moments += [starts_at, *within, ends_at - TICK]
    return moments


async def cancel_some(shop: Shop, orders: list[Any], days: list[date]) -> list[Any]:
    """Cancel orders, none of the last day, on their own day, on the next one or much later."""
    cancelled = random.Random(1).sample(orders[:-4], CANCELLED)
    for number, each in enumerate(cancelled):
        own = days.index(shop.days.day_of(each.created_at))
        _, ends_at = shop.days.window_of(days[own])
        # Time passes during the test: a cancellation at the end of a day may be on the next day.
        later = max((0, 1, 9)[number % 3], ends_at - each.created_at < HOUR)
        starts_at = shop.days.start_of(days[min(own + later, len(days) - 1)])
        await cancel(shop, each.id, max(starts_at, each.created_at))
    return cancelled


async def test_each_order_is_in_the_report_of_one_day_and_all_reports_add_up(year: Shop) -> None:
    busy, quiet = days_of(year.days.timezone)
    days, moments = sorted([*busy, *quiet]), moments_of(year, busy)
    lengths = Counter(ends_at - starts_at for starts_at, ends_at in map(year.days.window_of, days))
    assert len(lengths) == (1 if year.days.timezone == "UTC" else 3)
    async with at_moment(year, year.days.start_of(days[-6]) + HOUR):
        await open_shop(year)
    await add_orders(year, moments)
    orders = await orders_of(year)
    cancelled = await cancel_some(year, orders, days)
    async with at_moment(year, year.days.start_of(days[-1] + DAY) + HOUR):
        assert await make_due_reports(year) == days
        assert await make_due_reports(year) == []

    reports, lines = await reports_of(year), await lines_of(year)
    assert [each.day for each in reports] == days
    assert [each.order_id for each in lines] == [each.id for each in orders]
    per_day = Counter(year.days.day_of(moment) for moment in moments)
    assert per_day == dict.fromkeys(busy, 4)
    counts = {each.day: each.placed.orders_count for each in reports}
    assert counts == per_day | dict.fromkeys(quiet, 0)
    assert sum(each.placed.units for each in reports) == sum(each.units for each in orders)
    gross = sum(each.total_minor for each in orders)
    assert sum(each.placed.amount_minor for each in reports) == gross
    assert sum(each.cancelled.orders_count for each in reports) == CANCELLED
    given_back = sum(each.total_minor for each in cancelled)
    assert sum(each.cancelled.amount_minor for each in reports) == given_back
    assert sum(each.net_minor for each in reports) == gross - given_back
    assert 0 < sum(each.corrections.orders_count for each in reports) < CANCELLED
