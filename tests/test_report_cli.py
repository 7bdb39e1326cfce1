"""`lavka report` makes the reports of days, and says what became of each."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from app.cli import main
from app.dependencies import Shop
from app.settings import get_settings
from tests.conftest import sqlite_settings
from tests.processes import environment, run
from tests.test_reports.books import add_orders, open_shop, reports_of

DAY = timedelta(days=1)


@pytest_asyncio.fixture(name="old", loop_scope="session")
async def shop_with_old_orders(tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop that was opened today, with orders of the three days before."""
    shop = Shop(sqlite_settings(tmp_path))
    await shop.prepare()
    await open_shop(shop)
    await add_orders(shop, [shop.clock.now() - each * DAY for each in (1, 2, 2, 3)])
    yield shop
    await shop.close()


async def test_days_are_made_once_and_told(old: Shop, tmp_path: Path) -> None:
    today = old.days.day_of(old.clock.now())
    words = ("-m", "app.cli", "report", str(today - 3 * DAY), "--to", str(today - DAY))
    first = await asyncio.to_thread(run, old.settings, tmp_path, *words)
    again = await asyncio.to_thread(run, old.settings, tmp_path, *words)
    assert (first.returncode, first.stdout) == (0, "3 made\n"), first.stderr
    assert (again.returncode, again.stdout) == (0, "3 unchanged\n")
    assert "3/3" in first.stderr
    assert [each.placed.orders_count for each in await reports_of(old)] == [1, 2, 1]


async def test_a_day_that_is_not_over_is_refused_and_the_others_are_made(
    old: Shop, tmp_path: Path
) -> None:
    today = old.days.day_of(old.clock.now())
    words = ("-m", "app.cli", "report", str(today - DAY), "--to", str(today))
    done = await asyncio.to_thread(run, old.settings, tmp_path, *words)
    assert done.returncode == 1
    assert done.stdout.startswith(f"1 made, 1 refused\nday-not-over: {today} is not over before")


@pytest.mark.parametrize("words", [("yesterday",), ("2026-02-30",), ("2026-01-01", "--to", "x")])
def test_what_is_no_day_is_refused(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment(sqlite_settings(tmp_path)).items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(SystemExit) as ended:
        main(["report", *words])
    get_settings.cache_clear()
    assert ended.value.code == 2
    assert "invalid fromisoformat value" in capsys.readouterr().err
