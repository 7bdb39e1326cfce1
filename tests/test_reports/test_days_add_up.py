"""400 days of orders, in zones whose clocks change: the reports add up to the orders."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from app.days import span
from app.dependencies import Shop
from app.reporting import make_due_reports
from app.settings import Settings
from tests.conftest import postgres_settings, sqlite_settings
from tests.servers import PostgresServer
from tests.test_reports.books import (
    add_orders,
    at_moment,
    cancel,
    lines_of,
    open_shop,
    orders_of,
    reports_of,
)

FIRST, DAYS = date(2026, 1, 1), 400
# What differs there is the database, and not the calendar.
DAYS_ON_POSTGRES = 120
TICK = timedelta(microseconds=1)
ZONES = ("UTC", "Europe/Berlin", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe")
PLACES = [*((zone, "sqlite") for zone in ZONES), ("Australia/Lord_Howe", "postgres")]


@pytest_asyncio.fixture(name="year", loop_scope="session", params=PLACES, ids="-".join)
async def shop_of_a_year(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop of its own in each zone."""
    zone, database = request.param
    settings: Settings
    if database == "sqlite":
        settings = sqlite_settings(tmp_path, shop_timezone=zone)
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.create_database("year")
        settings = postgres_settings(server, "year", shop_timezone=zone)
    shop = Shop(settings)
    await shop.prepare()
    yield shop
    await shop.close()


def days_of(shop: Shop) -> list[date]:
    """Return the days of the simulation."""
    count = DAYS if shop.database.is_sqlite else DAYS_ON_POSTGRES
    return span(FIRST, FIRST + timedelta(days=count - 1))


def moments_of(shop: Shop) -> list[datetime]:
    """Return the first, the last and two random moments of each day, but for every seventh."""
    chance, moments = random.Random(shop.days.timezone), []
    for number, day in enumerate(days_of(shop)):
        starts_at, ends_at = shop.days.window_of(day)
        if number % 7 != 3:
            within = [starts_at + (ends_at - starts_at) * chance.random() for _ in range(2)]
            moments += [starts_at, *within, ends_at - TICK]
    return moments


async def test_each_order_is_in_the_report_of_one_day_and_all_add_up(year: Shop) -> None:
    moments = moments_of(year)
    after = max(moments) + timedelta(days=3)
    async with at_moment(year, datetime(2025, 12, 31, 12, tzinfo=UTC)):
        await open_shop(year)
    await add_orders(year, moments)
    orders, chance = await orders_of(year), random.Random(1)
    cancelled = chance.sample(orders, 40)
    for each, days in zip(cancelled, [0, 1, 40] * 14):
        at = min(each.created_at + timedelta(days=days, seconds=1), after)
        await cancel(year, each.id, at)
    async with at_moment(year, after + timedelta(days=2)):
        await make_due_reports(year)
        assert await make_due_reports(year) == []

    reports, lines = await reports_of(year), await lines_of(year)
    whole = [each for each in reports if each.day in days_of(year)]
    assert len(whole) == len(days_of(year))
    assert [each.order_id for each in lines] == [each.id for each in orders]
    per_day = Counter(year.days.day_of(moment) for moment in moments)
    assert {each.day: each.placed.orders_count for each in whole} == {
        each.day: per_day[each.day] for each in whole
    }
    assert all(per_day[each.day] in (0, 4) for each in whole)
    assert sum(each.placed.units for each in reports) == sum(each.units for each in orders)
    gross = sum(each.total_minor for each in orders)
    assert sum(each.placed.amount_minor for each in reports) == gross
    assert sum(each.cancelled.orders_count for each in reports) == 40
    given_back = sum(each.total_minor for each in cancelled)
    assert sum(each.cancelled.amount_minor for each in reports) == given_back
    assert sum(each.net_minor for each in reports) == gross - given_back
    assert 0 < sum(each.corrections.orders_count for each in reports) < 40
