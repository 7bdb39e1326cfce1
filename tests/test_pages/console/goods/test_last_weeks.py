"""The last four weeks on the first page of the console."""

import httpx
import pytest

from app.jobs.daily_reports import make_due_reports
from app.pages.console.last_weeks import change_of
from app.wiring.resources import Shop
from tests.test_pages.browser import Browser, log_in_as
from tests.test_reports.books import add_orders, at_moment, open_shop
from tests.test_reports.conftest import DAY, HOUR, NOON

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (4, 2, "100 % more than a week before"),
        (2, 4, "50 % less than a week before"),
        (1, 3, "67 % less than a week before"),
        (201, 200, "1 % more than a week before"),
        (1_000, 1_001, "about the same as a week before"),
        (2, 2, "the same as a week before"),
        (0, 0, "the same as a week before"),
        (2, 0, "more than a week before"),
        (0, 2, "100 % less than a week before"),
        (30_000, 2, "1,499,900 % more than a week before"),
    ],
)
def test_a_change_is_described_in_words(now: int, before: int, words: str) -> None:
    assert change_of(now, before) == words


async def test_the_last_day_is_compared_with_the_same_weekday_a_week_before(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    # 2 March 2026 is a Monday.
    async with at_moment(shop, NOON):
        await open_shop(shop)
    await add_orders(shop, [NOON + each * HOUR for each in range(2)])
    await add_orders(shop, [NOON + 7 * DAY + each * HOUR for each in range(3)], name="next")
    async with at_moment(shop, NOON + 8 * DAY):
        await make_due_reports(shop)
        staff = await log_in_as(browser, client, shop)
        await browser.go("/console")
        text = browser.text
        assert "Orders on Monday, 9 March 3 50 % more than a week before (2)" in text
        assert "Revenue on Monday, 9 March $12.50 25 % more than a week before ($10.00)" in text
        assert "Monday, 9 March 3 2 $12.50 $10.00" in text
        assert "Monday, 2 March 2 no report $10.00 no report" in text
        assert "Sunday, 1 March no report no report no report no report" in text
        assert "20 days have no report" in text and "Days of UTC" in text
        query = "from=2026-02-10&amp;to=2026-03-09"
        for size in ("wide", "narrow"):
            assert f"/console/reports/{size}.svg?{query}" in browser.html.replace("&to", "&amp;to")
        drawn = await browser.http.get("/console/reports/wide.svg?from=2026-02-10&to=2026-03-09")
        assert drawn.status_code == 200
    async with at_moment(shop, NOON + 9 * DAY):
        await browser.log_in(staff)
        await browser.go("/console")
        assert "Tuesday, 10 March has no report yet." in browser.text


async def test_without_reports_the_page_shows_the_time_of_the_first_one(packer: Browser) -> None:
    await packer.go("/console")
    assert "None of these days has a report" in packer.text and "<picture>" not in packer.html
