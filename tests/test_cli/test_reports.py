"""`lavka report` makes the reports of days, and prints the result of each."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from app.wiring.resources import Shop
from tests.conftest import sqlite_settings
from tests.support.command_line import lavka
from tests.support.servers.sqlite import prepared
from tests.test_reports.books import add_orders, open_shop, reports_of

DAY = timedelta(days=1)


@pytest_asyncio.fixture(name="old", loop_scope="session")
async def shop_with_old_orders(tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop that was opened today, with orders of the three days before."""
    shop = await prepared(sqlite_settings(tmp_path))
    await open_shop(shop)
    await add_orders(shop, [shop.clock.now() - each * DAY for each in (1, 2, 2, 3)])
    yield shop
    await shop.close()


async def test_reports_of_days_are_made_once_and_printed(old: Shop) -> None:
    today = old.days.day_of(old.clock.now())
    words = ("report", str(today - 3 * DAY), "--to", str(today - DAY))
    first = lavka(old.settings, *words)
    again = lavka(old.settings, *words)
    assert (first.returncode, first.stdout) == (0, "3 made\n"), first.stderr
    assert (again.returncode, again.stdout) == (0, "3 unchanged\n")
    assert "3/3" in first.stderr
    assert [each.placed.orders_count for each in await reports_of(old)] == [1, 2, 1]


async def test_a_day_that_is_not_over_is_refused_and_the_others_are_made(old: Shop) -> None:
    today = old.days.day_of(old.clock.now())
    words = ("report", str(today - DAY), "--to", str(today))
    done = lavka(old.settings, *words)
    assert done.returncode == 1
    assert done.stdout.startswith(f"1 made, 1 refused\nday-not-over: {today} does not end before")


@pytest.mark.parametrize("words", [("yesterday",), ("2026-02-30",), ("2026-01-01", "--to", "x")])
def test_an_invalid_day_is_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    done = lavka(settings, "report", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "invalid fromisoformat value" in done.stderr
    assert not settings.data_dir.exists()
