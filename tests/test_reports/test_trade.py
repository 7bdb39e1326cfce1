"""Reports of two weeks with sales of every kind equal the sums computed from the orders."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from app.settings import Settings
from app.wiring.resources import Shop
from main import create_app
from tests.conftest import client_of, postgres_settings, running, sqlite_settings
from tests.support.servers import PostgresServer
from tests.test_reports.trade.opening import SETTINGS, open_for_trade
from tests.test_reports.trade.trading import Trade, correcting_every_cancellation

# Daylight saving time begins on the second Sunday.
FIRST, DAYS = date(2027, 3, 15), 14


@pytest_asyncio.fixture(name="trade", loop_scope="session", params=["sqlite", "postgres"])
async def open_trade(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Trade]:
    """The trade of a separate shop, on each database."""
    settings: Settings
    if request.param == "sqlite":
        settings = sqlite_settings(tmp_path, **SETTINGS)
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.create_database("trade")
        settings = postgres_settings(server, "trade", data_dir=tmp_path, **SETTINGS)
    shop = Shop(settings)
    shop.clock.move(shop.days.start_of(FIRST) - timedelta(hours=1) - shop.clock.now())
    async with running(create_app(shop)) as app, client_of(app) as client:
        yield Trade(shop, client, await open_for_trade(client))


async def test_the_reports_of_two_weeks_equal_the_sales(trade: Trade) -> None:
    await trade.run(FIRST, DAYS, most_orders=6)
    assert trade.faults == []
    assert trade.counts["days"] == DAYS
    ways = ("placed by a cart", "placed by POST /orders", "placed by the queue")
    fates = (
        "paid",
        "cancelled",
        "lines cancelled",
        "expired",
        "cancelled in reports",
        "corrections in reports",
    )
    amounts = ("with discount", "with shipping", "with tax", "with added tax", "rates")
    for name in (*ways, *fates, *amounts):
        assert trade.counts[name] > 2, name


@pytest.mark.parametrize("trade", ["sqlite"], indirect=True)
async def test_a_report_that_is_wrong_by_one_order_is_found(trade: Trade) -> None:
    with correcting_every_cancellation():
        await trade.run(FIRST, 3, most_orders=6)
    assert trade.faults and all("corrections" in each for each in trade.faults)
