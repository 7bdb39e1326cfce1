"""The tax of orders: by place, class, day and setting, over HTTP and the queue."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.jobs.daily_reports import make_report
from app.messaging.pipeline import Pipeline
from app.pricing.terms import Rounding
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product, create_user
from tests.support.refusals import ADDRESS, JSON, problem_of
from tests.test_controllers.taxes.test_tax_rates import add_rate
from tests.test_messaging.deliveries import message

pytestmark = pytest.mark.any_database

Charge = Callable[..., None]
DOCUMENT = Path(__file__).parents[3] / "docs" / "taxes.md"


@pytest.fixture(name="charge")
def charging(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Charge:
    """Return a function that makes the shop charge tax, with these settings."""

    def charge(**settings: Any) -> None:
        changed = shop.settings.model_copy(update={"tax_origin": "DE"} | settings)
        monkeypatch.setattr(shop, "settings", changed)

    return charge


async def order(
    client: httpx.AsyncClient, quantities: dict[str, int], **address: str
) -> httpx.Response:
    """Place an order of products, delivered to an address if one is given."""
    user = await create_user(client)
    items = [{"product_id": each, "quantity": count} for each, count in quantities.items()]
    body: dict[str, Any] = {"user_id": user["id"], "items": items}
    if address:
        body["delivery_address"] = ADDRESS | {"region": ""} | address
    return await client.post("/orders", json=body)


async def taxes_of(client: httpx.AsyncClient, product: dict[str, Any], **address: str) -> Any:
    """Return the taxes of an order of one unit of a product."""
    response = await order(client, {product["id"]: 1}, **address)
    assert response.status_code == 201, response.text
    return response.json().get("taxes")


async def test_included_tax_is_shown_by_line_and_rate(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    await add_rate(client)
    await add_rate(client, tax_class="reduced", rate="7")
    tea = await create_product(client, sku="TEA", price="4.99", tax_class="reduced")
    cup = await create_product(client, sku="CUP", price="12.50")
    assert (tea["tax_class"], "tax_class" in cup) == ("reduced", False)
    charge()
    placed = (await order(client, {tea["id"]: 3, cup["id"]: 1})).json()
    # 1497 * 7 / 107 = 97.93..., 1250 * 19 / 119 = 199.57...
    assert (placed["total"], placed["tax"]) == ("27.47", "2.98")
    names = ("tax", "tax_rate", "tax_class", "tax_reason")
    told = {each["sku"]: tuple(each[name] for name in names) for each in placed["items"]}
    assert told == {
        "CUP": ("2.00", "19", "standard", "standard_rated"),
        "TEA": ("0.98", "7", "reduced", "standard_rated"),
    }
    assert placed["taxes"] == [
        {"rate": "19", "reason": "standard_rated", "net": "10.50", "tax": "2.00"},
        {"rate": "7", "reason": "standard_rated", "net": "13.99", "tax": "0.98"},
    ]
    shown = [
        f"| tea | 14.97 | {told['TEA'][0]} |",
        f"| cup | 12.50 | {told['CUP'][0]} |",
        f"| order | {placed['total']} | {placed['tax']} |",
    ]
    assert "\n".join(shown) in DOCUMENT.read_text("utf-8")
    assert "prices_include_tax" not in placed
    assert (await client.get(f"/orders/{placed['id']}")).json() == placed


async def test_tax_that_is_not_in_the_prices_is_added(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    await add_rate(client, country="US", region="New York", rate="8.875")
    cup = await create_product(client, price="12.50")
    charge(tax_origin="US", tax_mode="destination", prices_include_tax=False)
    there = {"country": "US", "region": "NEW YORK", "postal_code": "10001"}
    placed = (await order(client, {cup["id"]: 2}, **there)).json()
    assert (placed["total"], placed["tax"]) == ("27.22", "2.22")
    assert placed["prices_include_tax"] is False
    assert placed["taxes"][0]["net"] == "25.00"
    listed = (await client.get("/orders")).json()["items"][0]
    assert (listed["total"], listed["tax"]) == ("27.22", "2.22")


async def test_the_rates_of_the_shop_or_of_the_destination_apply_in_the_eu(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    cup = await create_product(client)
    for country, rate in (("DE", "19"), ("FR", "20"), ("CH", "8.1")):
        await add_rate(client, country=country, rate=rate)
    france = {"country": "FR", "postal_code": "75001"}
    swiss = {"country": "CH", "postal_code": "8001"}
    assert await taxes_of(client, cup, **france) is None
    charge()
    assert [each["rate"] for each in await taxes_of(client, cup, **france)] == ["19"]
    assert [each["rate"] for each in await taxes_of(client, cup, **swiss)] == ["8.1"]
    charge(tax_mode="destination")
    assert [each["rate"] for each in await taxes_of(client, cup, **france)] == ["20"]
    assert [each["rate"] for each in await taxes_of(client, cup)] == ["19"]


async def test_a_country_without_rates_is_an_export_or_refused(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    await add_rate(client)
    cup = await create_product(client, stock_quantity=5)
    japan = {"country": "JP", "postal_code": "100-0001", "region": "Tokyo"}
    charge()
    (tax,) = await taxes_of(client, cup, **japan)
    assert (tax["rate"], tax["reason"], tax["tax"]) == ("0", "export", "0.00")
    charge(tax_abroad="refuse")
    refused = problem_of(await order(client, {cup["id"]: 1}, **japan))
    assert refused["type"].endswith("not-sold-to-country")
    assert (await client.get(f"/products/{cup['id']}")).json()["stock_quantity"] == 4


@pytest.mark.parametrize("origin", ["DE", "US"])
async def test_a_region_without_a_rate_is_an_export_unless_it_is_in_the_country_of_the_shop(
    client: httpx.AsyncClient, charge: Charge, origin: str
) -> None:
    await add_rate(client)
    await add_rate(client, country="US", region="NY", rate="8.875")
    # A rate of another class only does not count as a rate of the region.
    await add_rate(client, country="US", region="CA", tax_class="reduced", rate="1")
    cup = await create_product(client)
    charge(tax_origin=origin)
    york = {"country": "US", "region": "NY", "postal_code": "10001"}
    angeles = {"country": "US", "region": "CA", "postal_code": "90001"}
    assert [each["rate"] for each in await taxes_of(client, cup, **york)] == ["8.875"]
    if origin == "DE":
        assert [each["reason"] for each in await taxes_of(client, cup, **angeles)] == ["export"]
        charge(tax_abroad="refuse")
        refused = problem_of(await order(client, {cup["id"]: 1}, **angeles))
        assert refused["type"].endswith("not-sold-to-country")
        return
    assert (await order(client, {cup["id"]: 1}, **angeles)).status_code == 503
    await add_rate(client, country="US", rate="0")
    assert [each["rate"] for each in await taxes_of(client, cup, **angeles)] == ["0"]


async def test_a_shop_without_its_own_rates_sells_nothing_untaxed(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    cup = await create_product(client)
    charge()
    refused = await order(client, {cup["id"]: 1})
    assert (refused.status_code, problem_of(refused)["type"][-15:]) == (503, "tax-unavailable")
    await add_rate(client, region="Bavaria")
    assert (await order(client, {cup["id"]: 1})).status_code == 503
    await add_rate(client)
    assert (await order(client, {cup["id"]: 1})).status_code == 201


async def test_a_class_without_a_rate_has_that_of_standard_and_an_exempt_one_has_none(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    await add_rate(client)
    charge()
    found = [
        (await taxes_of(client, await create_product(client, tax_class=each)))[0]
        for each in ("reduced", "exempt")
    ]
    assert [(each["rate"], each["reason"]) for each in found] == [
        ("19", "standard_rated"),
        ("0", "exempt"),
    ]


async def test_a_rate_begins_on_its_day_in_the_zone_of_the_shop_and_ends_when_it_is_deleted(
    client: httpx.AsyncClient, shop: Shop, charge: Charge
) -> None:
    cup = await create_product(client)
    charge()
    starts_at, ends_at = shop.days.window_of(shop.days.day_of(shop.clock.now()))
    await add_rate(client, valid_from=shop.days.day_of(starts_at).isoformat())
    next_one = await add_rate(client, rate="16", valid_from=shop.days.day_of(ends_at).isoformat())
    second = timedelta(seconds=1)
    for moment, rate in ((ends_at - second, "19"), (ends_at, "16")):
        with later(shop, moment - shop.clock.now()):
            assert [each["rate"] for each in await taxes_of(client, cup)] == [rate]
    await client.delete(f"/tax-rates/{next_one['id']}")
    with later(shop, ends_at - shop.clock.now()):
        assert [each["rate"] for each in await taxes_of(client, cup)] == ["19"]


async def test_orders_of_the_queue_are_taxed_too_and_each_by_its_place(
    client: httpx.AsyncClient, shop: Shop, charge: Charge
) -> None:
    for country, rate in (("DE", "19"), ("FR", "20")):
        await add_rate(client, country=country, rate=rate)
    cup, user = await create_product(client, stock_quantity=10), await create_user(client)
    charge(tax_mode="destination")
    body = {"user_id": user["id"], "items": [{"product_id": cup["id"], "quantity": 1}]}
    france = ADDRESS | {"country": "FR", "postal_code": "75001"}
    await Pipeline(shop).process(
        [message("order", body), message("order", body | {"delivery_address": france})]
    )
    ids = [each["id"] for each in (await client.get("/orders?sort=number")).json()["items"]]
    orders = [(await client.get(f"/orders/{each}")).json() for each in ids]
    assert [each["taxes"][0]["rate"] for each in orders] == ["19", "20"]


async def test_the_report_of_the_day_has_the_tax(
    client: httpx.AsyncClient, shop: Shop, charge: Charge
) -> None:
    await add_rate(client)
    cup = await create_product(client, price="11.90")
    charge()
    placed = (await order(client, {cup["id"]: 1})).json()
    await client.post(f"/orders/{placed['id']}/cancel")
    assert (await order(client, {cup["id"]: 2})).status_code == 201
    day = shop.days.day_of(shop.clock.now())
    with later(shop, timedelta(days=1)):
        await make_report(shop, day)
    report = (await client.get(f"/reports/{day}")).json()
    assert (report["placed"]["amount"], report["placed"]["tax"]) == ("35.70", "5.70")
    assert (report["cancelled"]["amount"], report["cancelled"]["tax"]) == ("11.90", "1.90")
    assert report["taxes"] == [
        {
            "rate": "19",
            "reason": "standard_rated",
            "net": "30.00",
            "tax": "5.70",
            "cancelled_net": "10.00",
            "cancelled_tax": "1.90",
        }
    ]


@pytest.mark.parametrize(("per", "total"), [("per_rate", "0.46"), ("per_line", "0.45")])
async def test_tax_is_rounded_per_rate_or_per_line_as_configured(
    client: httpx.AsyncClient, charge: Charge, per: str, total: str
) -> None:
    await add_rate(client)
    things = [await create_product(client, price=price) for price in ["0.97"] * 3]
    charge(tax_rounding=Rounding(per))
    placed = (await order(client, {each["id"]: 1 for each in things})).json()
    assert placed["tax"] == total
    assert sum(int(each["tax"].replace(".", "")) for each in placed["items"]) == int(
        total.replace(".", "")
    )


async def test_with_the_rates_in_the_document_one_state_has_tax_and_the_others_have_none(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    bodies = re.findall(r"```json\n(.+?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert len(bodies) == 2
    for body in bodies:
        assert (await client.post("/tax-rates", content=body, headers=JSON)).status_code == 201
    charge(tax_origin="US", tax_mode="destination", prices_include_tax=False)
    chair = await create_product(client, price="25.00")
    york = {"country": "US", "region": "NY", "postal_code": "10001"}
    angeles = {"country": "US", "region": "CA", "postal_code": "90001"}
    (tax,) = await taxes_of(client, chair, **york)
    assert (tax["rate"], tax["tax"]) == ("4", "1.00")
    (none,) = await taxes_of(client, chair, **angeles)
    assert (none["rate"], none["tax"]) == ("0", "0.00")
