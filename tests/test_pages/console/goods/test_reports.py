"""The pages of reports of the console."""

import httpx
import pytest

from app.jobs.daily_reports import make_due_reports
from app.wiring.resources import Shop
from tests.test_pages.browser import Browser, log_in_as
from tests.test_reports.books import add_orders, at_moment, open_shop
from tests.test_reports.conftest import DAY, HOUR, NOON


async def test_a_period_has_its_days_a_picture_and_a_page_for_each_day(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    async with at_moment(shop, NOON):
        await open_shop(shop)
    await add_orders(shop, [NOON + each * HOUR for each in range(4)])
    async with at_moment(shop, NOON + 3 * DAY):
        await make_due_reports(shop)
        await log_in_as(browser, client, shop)
        day = NOON.date().isoformat()
        shown = (await client.get(f"/reports/{day}")).json()
        await browser.go(f"/console/reports?from={day}&to={day}")
        assert "1 day with a report of 1 day" in browser.text
        assert f"4 {shown['placed']['units']} ${shown['placed']['amount']}" in browser.text
        for size, width in (("wide", 960), ("narrow", 360)):
            picture = await browser.http.get(f"/console/reports/{size}.svg?from={day}&to={day}")
            assert picture.headers["content-type"] == "image/svg+xml"
            assert f'width="{width}"' in picture.text.split("\n", maxsplit=1)[0]
        await browser.go(f"/console/reports/{day}")
        for line in shown["items"]:
            assert f"{line['order_number']} " in browser.text
            assert f"${line['total']}" in browser.text
        lines = await browser.http.get(f"/console/reports/{day}/lines.csv")
        assert lines.headers["content-type"].startswith("text/csv")
        assert len(lines.text.splitlines()) == 5
        for size in ("wide", "narrow"):
            drawn = await browser.http.get(f"/console/reports/{day}/{size}.svg")
            assert drawn.status_code == 200


@pytest.mark.any_database
async def test_without_reports_the_page_shows_the_time_of_the_first_one(packer: Browser) -> None:
    await packer.go("/console/reports")
    assert "No reports yet" in packer.text
    await packer.go("/console/reports?from=2020-01-01&to=2020-01-02")
    assert "No report in these days" in packer.text
    assert (await packer.go("/console/reports/2020-01-01")).status_code == 404
