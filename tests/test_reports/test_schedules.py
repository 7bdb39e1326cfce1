"""Reports are made by `REPORT_CRON` and by schedules that are added while the shop runs."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

from app.jobs.daily_reports import make_due_reports
from app.wiring.resources import Shop
from tests.conftest import empty, sqlite_settings
from tests.support.processes import run, serving
from tests.support.servers import RedisServer
from tests.support.servers.sqlite import prepared
from tests.test_messaging.workers import until
from tests.test_reports.books import (
    add_orders,
    at_moment,
)
from tests.test_reports.books import open_shop as open_for_business
from tests.test_reports.books import reports_of
from tests.test_reports.conftest import DAY, HOUR, NOON

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 3, each) for each in (2, 3, 4))
CATCHING_UP_SECONDS = 3


def by(shop: Shop, cron: str) -> None:
    """Change the schedule of the reports of a shop."""
    shop.settings = shop.settings.model_copy(update={"report_cron": cron})


async def test_a_day_is_caught_up_only_after_its_scheduled_time(open_shop: Shop) -> None:
    midnight = NOON + DAY / 2
    kept = open_shop.settings
    by(open_shop, "30 6 * * *")
    try:
        async with at_moment(open_shop, midnight + 6 * HOUR):
            assert await make_due_reports(open_shop, is_catching_up=True) == []
        async with at_moment(open_shop, midnight + 6.5 * HOUR):
            assert await make_due_reports(open_shop, is_catching_up=True) == [MONDAY]
        async with at_moment(open_shop, midnight + 30 * HOUR):
            assert await make_due_reports(open_shop, is_catching_up=True) == []
        # At 6:30 on the next two days, no report was made.
        async with at_moment(open_shop, midnight + 60 * HOUR):
            assert await make_due_reports(open_shop, is_catching_up=True) == [TUESDAY, WEDNESDAY]
    finally:
        open_shop.settings = kept
    reports = await reports_of(open_shop)
    assert [each.placed.orders_count for each in reports] == [4, 3, 0]


async def test_a_time_before_midnight_reports_the_day_that_is_over(open_shop: Shop) -> None:
    kept = open_shop.settings
    by(open_shop, "0 22 * * *")
    try:
        for hours, made in ((10, []), (24, []), (34, [MONDAY]), (57, []), (58, [TUESDAY])):
            async with at_moment(open_shop, NOON + hours * HOUR):
                assert await make_due_reports(open_shop, is_catching_up=True) == made, hours
    finally:
        open_shop.settings = kept


async def test_the_default_schedule_catches_up_from_midnight_on(open_shop: Shop) -> None:
    midnight = NOON + DAY / 2
    async with at_moment(open_shop, midnight - HOUR / 3600):
        assert await make_due_reports(open_shop, is_catching_up=True) == []
    async with at_moment(open_shop, midnight):
        assert await make_due_reports(open_shop, is_catching_up=True) == [MONDAY]


async def test_a_schedule_that_is_added_to_a_running_shop_makes_reports(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    far = date.today() + timedelta(days=180)
    settings = sqlite_settings(
        tmp_path,
        test_clock=True,
        report_cron=f"0 0 {far.day % 28 + 1} {far.month} *",
        redis_host=redis_server.host,
        redis_port=redis_server.port,
    )
    shop = await prepared(settings)
    await open_for_business(shop)
    await add_orders(shop, [shop.clock.now()])
    today = shop.days.day_of(shop.clock.now())

    async def days() -> list[date]:
        return [each.day for each in await reports_of(shop)]

    async def schedules(*arguments: str) -> str:
        done = await asyncio.to_thread(
            run, settings, tmp_path, "-m", "examples.schedules", *arguments
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    with serving(settings, tmp_path) as served:
        shop.clock.move(DAY)
        await asyncio.sleep(CATCHING_UP_SECONDS)
        assert await days() == []
        listed = "each-minute: generate_reports at * * * * * (UTC)\n"
        assert await schedules("add", "each-minute", "* * * * *") == listed
        await until(days, [today])
        assert await schedules("add", "each-minute", "* * * * *") == listed
        assert await schedules("remove", "each-minute") == ""
        code, _, errors = await asyncio.to_thread(served.stop)
    assert (code, "Traceback" in errors) == (0, False), errors
    await empty(shop)
    await shop.close()


async def test_schedules_are_refused_with_the_reason(tmp_path: Path) -> None:
    for arguments, reason in (
        (("list",), "error: REDIS_HOST: must be set for schedules that are added"),
        (("add", "x", "0 24 * * *"), "'24' is not valid for the hour"),
    ):
        done = await asyncio.to_thread(
            run, sqlite_settings(tmp_path), tmp_path, "-m", "examples.schedules", *arguments
        )
        assert done.returncode != 0 and reason in done.stderr
        assert "Traceback" not in done.stderr
