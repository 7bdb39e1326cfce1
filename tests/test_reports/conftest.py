"""Fixtures: a shop on each database with orders of two days."""

from datetime import UTC, datetime, timedelta

import pytest_asyncio

from app.wiring.resources import Shop
from tests.test_reports.books import add_orders, at_moment, open_shop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest_asyncio.fixture(name="open_shop", loop_scope="session")
async def shop_with_two_days(shop: Shop) -> Shop:
    """A shop that was opened on 2 March 2026, with four orders on that day and three the next."""
    async with at_moment(shop, NOON):
        await open_shop(shop)
    await add_orders(shop, [NOON + each * HOUR for each in range(4)])
    await add_orders(shop, [NOON + DAY + each * HOUR for each in range(3)], name="next")
    return shop
