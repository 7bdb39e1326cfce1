"""The prices of carts, and their notices."""

import re
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from litestar import Litestar

from app.schemas.carts.cart_schema import NoticeCode
from app.wiring.resources import Shop
from tests.support.accounts import at
from tests.support.factories import create_product
from tests.support.refusals import problem_of
from tests.test_controllers.carts.setting import DE, guest
from tests.test_controllers.promotions.setting import FIVE, add_code, add_promotion
from tests.test_controllers.shipping.test_shipping_methods import add_method
from tests.test_controllers.taxes.test_tax_rates import add_rate

PAGE = (Path(__file__).parents[3] / "docs" / "carts.md").read_text()


def test_the_documentation_of_carts_names_each_notice() -> None:
    table = PAGE.partition("## Notices")[2].partition("##")[0]
    first = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = re.findall(r"`([a-z-]+)`", " ".join(first))
    assert sorted(named) == sorted([*get_args(NoticeCode), "code"])


async def test_notices_report_changes_since_a_line_was_added(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea = await create_product(client, name="Tea", price="4.99", stock_quantity=5)
    cart = await guest(nobody)
    await cart.add(tea, 5)
    assert await cart.notices() == []
    await client.patch(f"/products/{tea['id']}", json={"price": "5.49", "stock_quantity": 3})
    assert (await cart.read())["notices"] == [
        {
            "code": "only-n-left",
            "detail": "Tea: only 3 left",
            "variant_id": tea["id"],
            "available": 3,
        },
        {
            "code": "price-changed",
            "detail": "Tea costs 5.49 USD, and no longer 4.99",
            "variant_id": tea["id"],
            "before": "4.99",
            "now": "5.49",
        },
    ]
    assert (await cart.put(tea["id"], 3))["notices"] == []
    await client.patch(f"/products/{tea['id']}", json={"is_active": False})
    cart_now = await cart.read()
    assert [each["code"] for each in cart_now["notices"]] == ["not-for-sale"]
    assert "total" not in cart_now["lines"][0]
    assert cart_now["total"] == "0.00"
    await client.patch(f"/products/{tea['id']}", json={"is_active": True})
    await client.delete(f"/products/{tea['id']}")
    assert await cart.notices() == ["not-for-sale"]


async def test_a_cart_is_priced_with_its_codes_shipping_and_tax(
    client: httpx.AsyncClient,
    nobody: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = shop.settings.model_copy(update={"tax_origin": "DE"})
    monkeypatch.setattr(shop, "settings", settings)
    await add_rate(client)
    await add_rate(client, tax_class="reduced", rate="7")
    method = await add_method(client)
    first = await create_product(client, price="9.99", category="A")
    second = await create_product(client, price="24.50", tax_class="reduced")
    third = await create_product(client, price="4.95")
    await add_promotion(client, label="10 % off A", product_ids=[first["id"]])
    await add_code(client, "FIVE-OFF", effect="amount_order", percent=None, amounts=FIVE)
    cart = await guest(nobody, delivery_address=DE, shipping_method_id=method["id"])
    for product, quantity in ((first, 3), (second, 1), (third, 2)):
        await cart.add(product, quantity)
    shown = await cart.enter(" five-off ")
    # The worked example of the rules of pricing, with another threshold of free shipping.
    assert [line["total"] for line in shown["lines"]] == ["24.77", "22.51", "9.09"]
    assert [line["tax"] for line in shown["lines"]] == ["3.96", "1.47", "1.45"]
    assert shown["discounts"] == [
        {"label": "10 % off A", "amount": "3.00"},
        {"label": "10 % off", "code": "FIVE-OFF", "amount": "5.00"},
    ]
    assert shown["taxes"] == [
        {"rate": "19", "reason": "standard_rated", "net": "28.45", "tax": "5.41"},
        {"rate": "7", "reason": "standard_rated", "net": "21.04", "tax": "1.47"},
    ]
    amounts = {each: shown.get(each) for each in ("subtotal", "discount", "shipping", "tax")}
    assert amounts == {"subtotal": "64.37", "discount": "8.00", "shipping": None, "tax": "6.88"}
    assert (shown["total"], shown["notices"]) == ("56.37", [])
    (offered,) = (await cart.send("GET", "/shipping-methods")).json()["items"]
    assert (offered["id"], offered["price"]) == (method["id"], "0.00")


async def test_a_shipping_method_that_no_longer_fits_is_reported(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    method = await add_method(
        client, countries=["DE"], rates=[{"currency": "USD", "amount": "4.90"}]
    )
    tea = await create_product(client, price="10.00")
    cart = await guest(nobody, shipping_method_id=method["id"])
    assert (await cart.add(tea))["total"] == "14.90"
    assert (await cart.change(delivery_address=DE))["total"] == "14.90"
    london = DE | {"country": "GB", "postal_code": "SW1Y 4JH"}
    moved = await cart.change(delivery_address=london)
    assert [each["code"] for each in moved["notices"]] == ["shipping-method-unfit"]
    assert moved["total"] == "10.00"
    assert (await cart.send("GET", "/shipping-methods")).json()["items"] == []
    await cart.change(delivery_address=DE)
    await client.patch(f"/shipping-methods/{method['id']}", json={"is_active": False})
    assert await cart.notices() == ["shipping-method-unfit"]
    await client.delete(f"/shipping-methods/{method['id']}")
    assert await cart.notices() == ["shipping-method-unfit"]
    left = await cart.change(shipping_method_id=None)
    assert (left["shipping_method_id"], left["notices"]) == (None, [])


async def test_a_place_without_tax_rates_is_reported(
    client: httpx.AsyncClient,
    nobody: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {"tax_origin": "DE", "tax_abroad": "refuse"}
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update=settings))
    cart = await guest(nobody)
    await cart.add(await create_product(client))
    assert await cart.notices() == ["tax-unavailable"]
    await add_rate(client)
    assert await cart.notices() == []
    await cart.change(delivery_address=DE | {"country": "US", "postal_code": "10001"})
    assert await cart.notices() == ["not-sold-to-country"]


async def test_each_code_has_the_reason_why_it_does_not_apply(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    twenty = [{"currency": "USD", "amount": "20.00"}]
    await add_code(client, "SUMMER-26", min_subtotals=twenty, min_quantity=3)
    tea = await create_product(client, price="5.00")
    cart = await guest(nobody)
    await cart.add(tea)
    (notice,) = (await cart.enter("SUMMER-26"))["notices"]
    assert notice == {
        "code": "code-does-not-apply",
        "detail": "SUMMER-26 does not apply: below-minimum",
        "promotion_code": "SUMMER-26",
        "reason": "below-minimum",
        "missing": "15.00",
        "missing_quantity": 2,
    }
    assert (await cart.put(tea["id"], 4))["total"] == "18.00"
    for _ in range(2):
        assert (await cart.send("DELETE", "/codes?code=summer-26")).status_code == 204
    assert (await cart.read())["codes"] == []


@pytest.fixture(name="limited")
def with_few_tries(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the attempts at codes to the default of a shop."""
    limit = type(shop.settings).model_fields["code_limit_per_minute"].default
    changed = shop.settings.model_copy(update={"code_limit_per_minute": limit})
    monkeypatch.setattr(shop, "settings", changed)


@pytest.mark.usefixtures("limited")
async def test_an_unknown_code_is_refused_and_attempts_are_limited(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    await add_code(client, "SUMMER-26")
    cart = await guest(nobody)
    for _ in range(10):
        problem = problem_of(await cart.send("POST", "/codes", json={"code": "WINTER"}))
        assert problem["type"] == "urn:problem:code-unknown"
    problem = problem_of(await cart.send("POST", "/codes", json={"code": "SUMMER-26"}))
    assert problem["type"] == "urn:problem:too-many-requests"
    other = await guest(nobody)
    problem = problem_of(await other.send("POST", "/codes", json={"code": "SUMMER-26"}))
    assert problem["type"] == "urn:problem:too-many-requests"
    assert (await cart.read())["codes"] == []


@pytest.mark.usefixtures("limited")
async def test_other_clients_do_not_use_up_the_attempts_of_a_cart(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, app: Litestar
) -> None:
    await add_code(client, "SUMMER-26")
    cart = await guest(nobody)
    async with at(app, "198.19.1.1") as other:
        for _ in range(12):
            await other.post(f"/carts/{cart.cart_id}/codes", json={"code": "GUESS"})
    assert (await cart.enter("SUMMER-26"))["codes"] == ["SUMMER-26"]


async def test_a_code_that_was_deleted_meanwhile_is_reported(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    promotion = await add_code(client, "SUMMER-26")
    cart = await guest(nobody)
    await cart.enter("SUMMER-26")
    await client.delete(f"/promotions/{promotion['id']}")
    assert await cart.notices() == ["code-unknown"]


async def test_prices_follow_the_currency_of_the_cart(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop, monkeypatch: Any
) -> None:
    monkeypatch.setattr(
        shop, "settings", shop.settings.model_copy(update={"shop_currencies": ("USD", "JPY")})
    )
    monkeypatch.setattr("app.schemas.fields.get_settings", lambda: shop.settings)
    code = {"code": "japan", "name": "Japan", "currency": "JPY"}
    listed = (await client.post("/price-lists", json=code)).json()
    tea, coffee = await create_product(client, price="4.99"), await create_product(client)
    prices = {"prices": [{"variant_id": tea["id"], "amount": "700"}]}
    assert (await client.put(f"/price-lists/{listed['id']}/prices", json=prices)).status_code == 200
    cart = await guest(nobody)
    for product in (tea, coffee):
        await cart.add(product)
    changed = await cart.change(currency="JPY")
    assert (changed["total"], changed["lines"][0]["unit_price"]) == ("700", "700")
    assert [each["code"] for each in changed["notices"]] == ["not-sold-in-currency"]
    line = {"product_id": coffee["id"], "quantity": 1}
    problem = problem_of(await cart.send("POST", "/lines", json=line))
    assert problem["type"] == "urn:problem:not-sold-in-currency"
    assert [each["code"] for each in (await cart.change(currency="USD"))["notices"]] == []


async def test_an_empty_cart_has_no_charge_for_shipping(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    method = await add_method(client, rates=[{"currency": "USD", "amount": "4.90"}])
    cart = await guest(nobody, shipping_method_id=method["id"])
    assert (await cart.read())["total"] == "0.00"


async def test_the_amounts_of_a_cart_add_up_when_tax_is_added(
    client: httpx.AsyncClient,
    nobody: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {"tax_origin": "DE", "prices_include_tax": False}
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update=settings))
    await add_rate(client)
    method = await add_method(client, rates=[{"currency": "USD", "amount": "4.90"}])
    cart = await guest(nobody, delivery_address=DE, shipping_method_id=method["id"])
    shown = await cart.add(await create_product(client, price="9.99"), 2)
    amounts = {
        name: float(shown[name])
        for name in ("subtotal", "shipping", "shipping_tax", "tax", "total")
    }
    net = amounts["subtotal"] + amounts["shipping"] - amounts["shipping_tax"]
    assert round(net + amounts["tax"], 2) == amounts["total"] == 29.61


async def test_without_an_address_a_promotion_applies_to_the_country_of_the_shop(
    client: httpx.AsyncClient,
    nobody: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update={"tax_origin": "DE"}))
    await add_rate(client)
    await add_promotion(client, countries=["FR"])
    cart = await guest(nobody)
    assert (await cart.add(await create_product(client, price="10.00")))["total"] == "10.00"
