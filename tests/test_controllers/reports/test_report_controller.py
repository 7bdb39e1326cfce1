"""Reports over HTTP: lists, a day as JSON, CSV and picture, and requested reports."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from app.jobs.daily_reports import make_due_reports, make_report
from app.jobs.embedded_dispatcher import dispatch_due
from app.messaging.pipeline import Pipeline
from app.services.reports.report_maker import Outcome
from app.wiring.resources import Shop
from tests.support.queries import statements_of
from tests.support.refusals import places_of, problem_of
from tests.test_reports.books import add_orders, at_moment, cancel, open_shop, orders_of
from tests.test_reports.conftest import DAY, HOUR, NOON

FORMULA = re.compile('[\\s"]*[=+@\\-\uff1d\uff0b\uff20\uff0d\u2212]')
NAMES = {
    "=1+1": "'=1+1",
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "\tx": "'\tx",
    "\rx": "'\rx",
    "Tea, =1": "Tea, =1",
    '"x"': '"x"',
    # The full-width and small forms of the signs, and the mathematical minus.
    "\uff1d1+1": "'\uff1d1+1",
    "\uff0b1": "'\uff0b1",
    "\uff0d1": "'\uff0d1",
    "\uff20x": "'\uff20x",
    "\ufe62\ufe631": "'\ufe62\ufe631",
    "\u22121": "'\u22121",
    # A separator other than the comma starts a cell in the middle of the text.
    "Tea;=1+1;": "Tea;'=1+1;",
    "Tea\t=1": "Tea\t'=1",
    "Tea|@x": "Tea|'@x",
    "\t=1": "'\t'=1",
    # A space or a quote before the sign does not prevent the interpretation.
    " =1": " '=1",
    "\xa0=1": "\xa0'=1",
    '"=1"': '"\'=1"',
    'Tea; "=1"': 'Tea; "\'=1"',
    "'=1": "''=1",
    "K\xe4se - 1 = 2;3": "K\xe4se - 1 = 2;3",
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest_asyncio.fixture(name="reported", loop_scope="session")
async def client_of_three_days(
    client: httpx.AsyncClient, shop: Shop
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a shop on 5 March 2026 with reports of the three days before."""
    async with at_moment(shop, NOON):
        await open_shop(shop)
    await add_orders(shop, [NOON + each * HOUR for each in range(4)])
    await add_orders(shop, [NOON + DAY + each * HOUR for each in range(3)], name="next")
    await cancel(shop, (await orders_of(shop))[0].id, NOON + DAY)
    async with at_moment(shop, NOON + 3 * DAY):
        await make_due_reports(shop)
        yield client


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    """Return the response to a GET request."""
    response = await client.get(path, params=query)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_days_are_listed_newest_first_by_page_and_period(
    reported: httpx.AsyncClient, shop: Shop
) -> None:
    first = await get(reported, "/reports", limit=2)
    rest = await get(reported, "/reports", limit=2, cursor=first["next"])
    days = [each["day"] for page in (first, rest) for each in page["items"]]
    assert days == ["2026-03-04", "2026-03-03", "2026-03-02"]
    assert rest["next"] is None
    some = await get(reported, "/reports", **{"from": "2026-03-03", "to": "2026-03-03"})
    assert [each["day"] for each in some["items"]] == ["2026-03-03"]
    with statements_of(shop) as statements:
        await get(reported, "/reports")
    # One more statement reads the payments of all days of the page.
    assert len(statements) == 2


async def test_a_day_is_shown_with_its_sums_its_hours_its_products_and_its_lines(
    reported: httpx.AsyncClient,
) -> None:
    day = await get(reported, "/reports/2026-03-02", limit=3)
    assert day["placed"] == {"orders_count": 4, "units": 8, "amount": "20.00"}
    assert day["cancelled"] == {"orders_count": 0, "units": 0, "amount": "0.00"}
    assert (day["net_units"], day["net"], day["currency"]) == (8, "20.00", "USD")
    assert day["by_hour"][0] == {"hour": 12, "orders_count": 1, "units": 3, "amount": "7.50"}
    assert [each["hour"] for each in day["by_hour"]] == [12, 13, 14, 15]
    assert [(each["sku"], each["units"], each["gross"]) for each in day["by_product"]] in (
        [("TEA", 4, "10.00"), ("POT", 4, "10.00")],
        [("POT", 4, "10.00"), ("TEA", 4, "10.00")],
    )
    assert [each["total"] for each in day["items"]] == ["7.50", "2.50", "2.50"]
    rest = await get(reported, "/reports/2026-03-02", limit=3, cursor=day["next"])
    assert [each["count_product"] for each in rest["items"]] == [3]
    after = await get(reported, "/reports/2026-03-03")
    assert after["corrections"] == {"orders_count": 1, "units": 3, "amount": "7.50"}
    assert (after["net_units"], after["net"]) == (2, "5.00")
    pots = await get(reported, "/reports/2026-03-03/products")
    assert [
        (each["sku"], each["cancelled_units"], each["cancelled"]) for each in pots["items"]
    ] in (
        [("TEA", 1, "2.50"), ("POT", 2, "5.00")],
        [("POT", 2, "5.00"), ("TEA", 1, "2.50")],
    )


async def test_a_day_with_more_refunds_than_sales_has_a_negative_sum(
    reported: httpx.AsyncClient, shop: Shop
) -> None:
    await cancel(shop, (await orders_of(shop))[3].id, NOON + 2 * DAY)
    await make_due_reports(shop)
    day = await get(reported, "/reports/2026-03-04")
    assert (day["placed"]["orders_count"], day["net_units"], day["net"]) == (0, -3, "-7.50")
    assert day["version"] == 2


async def test_a_day_with_the_etag_of_the_caller_is_not_sent_again(
    reported: httpx.AsyncClient,
) -> None:
    for path, accept in (
        ("/reports/2026-03-02", "application/json"),
        ("/reports/2026-03-02", "text/csv"),
        ("/reports/2026-03-02/products", "text/csv"),
        ("/reports/2026-03-02/chart.svg", "image/svg+xml"),
        ("/reports/chart.svg", "*/*"),
    ):
        first = await reported.get(path, headers={"Accept": accept})
        headers = {"Accept": accept, "If-None-Match": first.headers["ETag"]}
        again = await reported.get(path, headers=headers)
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


async def test_all_lines_of_a_day_are_exported_as_csv(
    reported: httpx.AsyncClient, shop: Shop
) -> None:
    await add_orders(shop, [NOON + HOUR * each / 900 for each in range(2_500)], name="many")
    await make_due_reports(shop)
    answer = await reported.get("/reports/2026-03-02", headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="report-2026-03-02-orders.csv"'
    )
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    shown = await get(reported, "/reports/2026-03-02", limit=100)
    assert len(rows) == shown["placed"]["orders_count"] == 2_504
    assert sum(int(each["count_product"]) for each in rows) == shown["placed"]["units"]
    assert [each["report_id"] for each in rows[:100]] == [
        each["report_id"] for each in shown["items"]
    ]
    assert len({each["order_id"] for each in rows}) == 2_504


async def test_no_cell_is_interpreted_as_a_formula_by_a_spreadsheet(
    reported: httpx.AsyncClient, shop: Shop
) -> None:
    async with shop.database.write() as session:
        await session.execute(text("UPDATE order_items SET name = :name"), {"name": "=1+1"})
    for name, shown in NAMES.items():
        async with shop.database.write() as session:
            await session.execute(text("UPDATE order_items SET name = :name"), {"name": name})
            await session.execute(text("DELETE FROM report_lines"))
            await session.execute(text("DELETE FROM report_products"))
            await session.execute(text("DELETE FROM daily_reports"))
        # The lines of one day of the three.
        assert await make_report(shop, NOON.date()) is Outcome.MADE
        answer = await reported.get("/reports/2026-03-02/products", headers={"Accept": "text/csv"})
        lines = answer.content.decode("utf-8-sig")
        cells = {row["name"] for row in csv.DictReader(io.StringIO(lines, newline=""))}
        assert cells == {shown}
        for separator in ",;\t|":
            for row in csv.reader(io.StringIO(lines, newline=""), delimiter=separator):
                assert not [cell for cell in row if FORMULA.match(cell)], (name, separator)


@pytest.mark.parametrize("path", ["/reports/2026-03-02", "/reports/2026-03-02/products"])
async def test_a_csv_file_begins_with_a_byte_order_mark(
    reported: httpx.AsyncClient, path: str
) -> None:
    answer = await reported.get(path, headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbfreport_at,")
    assert answer.content.count(b"\xef\xbb\xbf") == 1


@pytest.mark.parametrize("path", ["/reports/2026-03-02/chart.svg", "/reports/chart.svg"])
async def test_a_chart_is_a_picture_without_a_script(
    reported: httpx.AsyncClient, path: str
) -> None:
    answer = await reported.get(path)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers.get_list("Content-Security-Policy") == [
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        "sandbox"
    ]
    picture = ElementTree.fromstring(answer.content)
    assert picture.tag == f"{SVG}svg"
    assert picture.find(f".//{SVG}script") is None
    drawn = picture.findall(f".//{SVG}desc[@class='value']")
    assert {"20.00", "4"} <= {each.text for each in drawn} or {"7.50", "1"} <= {
        each.text for each in drawn
    }
    assert b"prefers-color-scheme: dark" in answer.content


async def test_a_chart_of_days_shows_the_requested_days(
    reported: httpx.AsyncClient,
) -> None:
    answer = await reported.get("/reports/chart.svg?from=2026-03-02&to=2026-03-03")
    assert b"Reports from 2026-03-02 to 2026-03-03" in answer.content
    assert b"2026-03-02" in answer.content and b"2026-03-04" not in answer.content
    for query in ("from=2020-01-01&to=2026-01-01", "from=2026-03-03&to=2026-03-02"):
        refused_one = await reported.get(f"/reports/chart.svg?{query}")
        assert problem_of(refused_one)["status"] == 400


async def test_a_requested_report_is_made_and_its_operation_succeeds(
    reported: httpx.AsyncClient, shop: Shop
) -> None:
    await add_orders(shop, [NOON - 30 * DAY], name="old")
    answer = await reported.post("/reports", json={"day": "2026-01-31"})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    place = f"http://shop.test{answer.headers['Location']}"
    assert (await reported.get("/reports/2026-01-31")).status_code == 404
    while await dispatch_due(shop, Pipeline(shop)):
        pass
    ended = (await reported.get(place)).json()
    assert (ended["state"], ended["problem"]) == ("succeeded", None)
    shown = await get(reported, "/reports/2026-01-31")
    assert ended["result"] == {name: shown[name] for name in ended["result"]}
    assert ended["result"]["placed"]["orders_count"] == 1


async def test_a_request_of_a_report_is_idempotent_with_a_key(
    reported: httpx.AsyncClient,
) -> None:
    key = {"Idempotency-Key": "the-second-of-march"}
    first, second = [
        await reported.post("/reports", json={"day": "2026-03-02"}, headers=key) for _ in range(2)
    ]
    assert (first.status_code, first.json()) == (202, second.json())


async def test_a_report_that_does_not_add_up_fails_by_name(
    reported: httpx.AsyncClient, shop: Shop
) -> None:
    async with shop.database.write() as session:
        await session.execute(text("UPDATE orders SET units = units + 1"))
    answer = await reported.post("/reports", json={"day": "2026-03-02"})
    while await dispatch_due(shop, Pipeline(shop)):
        pass
    ended = (await reported.get(f"http://shop.test{answer.headers['Location']}")).json()
    assert (ended["state"], ended["problem"]["type"]) == (
        "failed",
        "urn:problem:report-unbalanced",
    )
    assert (await get(reported, "/reports/2026-03-02"))["version"] == 1


async def test_an_impossible_day_is_refused_by_name(reported: httpx.AsyncClient) -> None:
    today = await reported.post("/reports", json={"day": "2026-03-05"})
    assert today.status_code == 409
    assert problem_of(today) == {
        "type": "urn:problem:day-not-over",
        "title": "The day has not ended",
        "status": 409,
        "detail": "2026-03-05 does not end before 2026-03-06T00:00:00+00:00",
        "day": "2026-03-05",
        "ends_at": "2026-03-06T00:00:00+00:00",
    }
    absent = await reported.get("/reports/2025-01-01")
    assert problem_of(absent)["type"] == "urn:problem:report-not-found"
    for day in ("yesterday", "2026-02-30", "9999-12-31", None):
        answer = await reported.post("/reports", json={"day": day})
        assert list(places_of(problem_of(answer))) == ["#/day"]
    for path in ("/reports/2026-02-30", "/reports/x", "/reports?from=x", "/reports?limit=101"):
        assert problem_of(await reported.get(path))["status"] in (400, 404), path


async def test_a_day_in_the_far_future_is_refused(reported: httpx.AsyncClient, shop: Shop) -> None:
    assert shop.clock.now() - NOON > timedelta(days=2)
    answer = await reported.post("/reports", json={"day": "9999-12-30"})
    assert problem_of(answer)["type"] == "urn:problem:day-not-over"
