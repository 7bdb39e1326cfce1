"""Carts of businesses: their VAT numbers, and their prices under a reverse charge."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.messaging.pipeline import Pipeline
from app.wiring.resources import Shop
from tests.support.accounts import someone
from tests.support.factories import create_product, create_user
from tests.support.refusals import places_of, problem_of
from tests.test_controllers.carts.setting import DE, guest, shown, user
from tests.test_controllers.carts.test_claims import claim
from tests.test_controllers.checkout.setting import ordered, ready, stock_of
from tests.test_controllers.shipping.test_shipping_methods import add_method
from tests.test_controllers.taxes.test_tax_rates import add_rate
from tests.test_messaging.deliveries import message

VIENNA = {"street": "Ring 1", "city": "Wien", "postal_code": "1010", "country": "AT"}
PARIS = {"street": "Rue 1", "city": "Paris", "postal_code": "75001", "country": "FR"}
BASEL = {"street": "Ring 1", "city": "Basel", "postal_code": "4001", "country": "CH"}
AUSTRIAN, GERMAN, OF_BELFAST = "ATU13585627", "DE136695976", "XI980780684"

Charge = Callable[..., None]
PAGE = (Path(__file__).parents[3] / "docs" / "taxes.md").read_text("utf-8")


@pytest.fixture(name="charge")
def charging(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Charge:
    """Return a function that makes a shop in Germany, with a VAT number, charge tax."""

    def charge(**settings: Any) -> None:
        given = {"tax_origin": "DE", "shop_vat_id": GERMAN}
        changed = shop.settings.model_copy(update=given | settings)
        monkeypatch.setattr(shop, "settings", changed)

    return charge


def charged(cart: dict[str, Any]) -> tuple[Any, ...]:
    """Return the amounts of a cart, and its rates of tax with their reasons."""
    reasons = [(each["rate"], each["reason"]) for each in cart["taxes"]]
    return cart["total"], cart.get("tax"), reasons, [each["code"] for each in cart["notices"]]


@pytest.mark.any_database
async def test_a_vat_number_is_stored_without_separators_and_can_be_removed(
    nobody: httpx.AsyncClient,
) -> None:
    cart = await guest(nobody, vat_number="at u-13585627")
    assert (await cart.read())["vat_number"] == AUSTRIAN
    assert (await cart.change(note="Ring."))["vat_number"] == AUSTRIAN
    assert (await cart.change(vat_number=None))["vat_number"] is None


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (
            "ATU13585626",
            "has a wrong check digit; it must be a VAT number of AT, like ATU13585627",
        ),
        ("DE1366", "must be a VAT number of DE, like DE136695976"),
        ("FR23334175222", None),
        ("US123456789", None),
        ("", None),
        ("DE" + "1" * 39, None),
        (136695976, None),
    ],
)
async def test_an_invalid_number_is_refused_by_its_field(
    nobody: httpx.AsyncClient, number: Any, reason: str | None
) -> None:
    cart = await guest(nobody)
    refused = problem_of(await cart.send("PATCH", json={"vat_number": number}))
    places = places_of(refused)
    assert list(places) == ["#/vat_number"]
    assert reason in (None, places["#/vat_number"])
    assert (await cart.read())["vat_number"] is None


@pytest.mark.any_database
async def test_a_business_of_another_member_state_pays_the_net_prices_and_no_tax(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, charge: Charge
) -> None:
    charge()
    await add_rate(client)
    await add_rate(client, tax_class="reduced", rate="7")
    method = await add_method(
        client, tax_class="standard", rates=[{"currency": "USD", "amount": "4.90"}]
    )
    cup = await create_product(client, price="11.90", compare_at_price="23.80")
    tea = await create_product(client, price="4.99", tax_class="reduced")
    cart = await guest(nobody, delivery_address=VIENNA, shipping_method_id=method["id"])
    for product, quantity in ((cup, 2), (tea, 3)):
        await cart.add(product, quantity)
    private = await cart.read()
    assert (private["total"], "prices_include_tax" in private) == ("43.67", False)
    business = await cart.change(vat_number=AUSTRIAN)
    # 4.99 / 1.07 = 4.663..., 4.90 / 1.19 = 4.117...
    assert [each["unit_price"] for each in business["lines"]] == ["10.00", "4.66"]
    assert business["lines"][0]["compare_at_price"] == "20.00"
    assert [each["total"] for each in business["lines"]] == ["20.00", "13.98"]
    assert (business["shipping"], business["total"], "tax" in business) == ("4.12", "38.10", False)
    assert business["prices_include_tax"] is False
    assert business["taxes"] == [
        {"rate": "0", "reason": "reverse_charge", "net": "38.10", "tax": "0.00"}
    ]
    assert business["notices"] == []
    for name, row in (
        ("2 cups", "23.80 | 2 × 10.00 = 20.00"),
        ("3 packages of tea", "14.97 | 3 × 4.66 = 13.98"),
        ("shipping", "4.90 | 4.12"),
        ("total", f"{private['total']} | {business['total']}"),
    ):
        assert f"| {name} | {row} |" in PAGE
    (offered,) = (await cart.send("GET", "/shipping-methods")).json()["items"]
    assert offered["price"] == "4.12"
    await client.patch(f"/products/{cup['id']}", json={"price": "13.09"})
    (notice,) = (await cart.read())["notices"]
    assert (notice["before"], notice["now"]) == ("10.00", "11.00")


@pytest.mark.any_database
async def test_exempt_goods_stay_exempt_under_a_reverse_charge(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, charge: Charge
) -> None:
    charge()
    await add_rate(client)
    cart = await guest(nobody, delivery_address=VIENNA, vat_number=AUSTRIAN)
    await cart.add(await create_product(client, price="1.00", tax_class="exempt"))
    found = charged(await cart.add(await create_product(client, price="11.90")))
    assert found == ("11.00", None, [("0", "exempt"), ("0", "reverse_charge")], [])


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("own", "number", "address", "is_reversed"),
    [
        ({}, AUSTRIAN, VIENNA, True),
        # The state of the VAT number may differ from that of the delivery.
        ({}, AUSTRIAN, PARIS, True),
        ({}, "EL094259216", VIENNA, True),
        ({}, OF_BELFAST, VIENNA, True),
        ({"tax_mode": "destination"}, AUSTRIAN, PARIS, True),
        ({}, AUSTRIAN, DE, False),
        ({}, GERMAN, VIENNA, False),
        ({}, "GB980780684", VIENNA, False),
        ({}, "CHE107787577MWST", VIENNA, False),
        ({}, AUSTRIAN, BASEL, False),
        ({"shop_vat_id": None}, AUSTRIAN, VIENNA, False),
    ],
)
async def test_the_charge_is_reversed_between_member_states_only(
    client: httpx.AsyncClient,
    nobody: httpx.AsyncClient,
    charge: Charge,
    own: dict[str, Any],
    number: str,
    address: dict[str, str],
    is_reversed: bool,
) -> None:
    charge(**own)
    for country, rate in (("DE", "19"), ("AT", "19"), ("FR", "20"), ("CH", "19")):
        await add_rate(client, country=country, rate=rate)
    cart = await guest(nobody, delivery_address=address, vat_number=number)
    found = charged(await cart.add(await create_product(client, price="11.90")))
    if is_reversed:
        assert found == ("10.00", None, [("0", "reverse_charge")], [])
    else:
        told = ["vat-number-without-effect"]
        assert found == ("11.90", "1.90", [("19", "standard_rated")], told)


@pytest.mark.any_database
async def test_without_an_address_a_vat_number_changes_nothing_and_adds_no_notice(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, charge: Charge
) -> None:
    charge()
    await add_rate(client)
    cart = await guest(nobody, vat_number=AUSTRIAN)
    found = charged(await cart.add(await create_product(client, price="11.90")))
    assert found == ("11.90", "1.90", [("19", "standard_rated")], [])


@pytest.mark.any_database
async def test_prices_without_tax_do_not_change_under_a_reverse_charge(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, charge: Charge
) -> None:
    charge(prices_include_tax=False)
    await add_rate(client)
    cart = await guest(nobody, delivery_address=VIENNA)
    tea = await create_product(client, price="10.00")
    assert (await cart.add(tea))["total"] == "11.90"
    reversed_one = await cart.change(vat_number=AUSTRIAN)
    assert charged(reversed_one) == ("10.00", None, [("0", "reverse_charge")], [])


@pytest.mark.any_database
async def test_a_shop_without_its_own_rates_has_no_reverse_charge(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, charge: Charge
) -> None:
    charge(tax_mode="destination")
    await add_rate(client, country="AT", rate="20")
    cart = await guest(nobody, delivery_address=VIENNA, vat_number=AUSTRIAN)
    await cart.add(await create_product(client))
    # The tax that the prices include is unknown.
    assert await cart.notices() == ["tax-unavailable"]


@pytest.mark.any_database
async def test_the_vat_number_of_a_guest_replaces_that_of_the_claiming_user(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    ada = await someone(client)
    own = await user(nobody, ada, vat_number=GERMAN)
    assert shown(await claim(await guest(nobody), ada))["vat_number"] == GERMAN
    other = await guest(nobody, vat_number=AUSTRIAN)
    assert shown(await claim(other, ada))["vat_number"] == AUSTRIAN
    exported = (await client.get(f"/users/{ada.id}/export")).json()
    assert [each["vat_number"] for each in exported["carts"]] == [AUSTRIAN]
    assert own.cart_id == exported["carts"][0]["id"]


async def test_the_order_of_a_business_keeps_its_net_prices_and_its_number(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, charge: Charge
) -> None:
    charge()
    await add_rate(client)
    cup = await create_product(client, price="11.90")
    cart = await ready(
        nobody,
        {cup["id"]: 2},
        delivery_address=VIENNA | {"recipient": "Ada Lovelace"},
        vat_number=AUSTRIAN,
    )
    order = await ordered(cart)
    assert (order["total"], order["vat_number"]) == ("20.00", AUSTRIAN)
    assert (order["items"][0]["unit_price"], order["prices_include_tax"]) == ("10.00", False)
    assert order["taxes"] == [
        {"rate": "0", "reason": "reverse_charge", "net": "20.00", "tax": "0.00"}
    ]
    assert (await client.get(f"/orders/{order['id']}")).json() == order


@pytest.mark.any_database
async def test_an_order_without_a_cart_is_taxed_by_its_vat_number_over_http_and_the_queue(
    client: httpx.AsyncClient, shop: Shop, charge: Charge
) -> None:
    charge()
    await add_rate(client)
    cup, buyer = await create_product(client, price="11.90"), await create_user(client)
    body: dict[str, Any] = {
        "user_id": buyer["id"],
        "items": [{"product_id": cup["id"], "quantity": 2}],
        "delivery_address": VIENNA | {"region": ""},
    }
    private = (await client.post("/orders", json=body)).json()
    assert (private["total"], private["tax"], "vat_number" in private) == ("23.80", "3.80", False)
    business = (await client.post("/orders", json=body | {"vat_number": "at u-13585627"})).json()
    assert (business["total"], business["vat_number"]) == ("20.00", AUSTRIAN)
    assert (business["items"][0]["unit_price"], business["prices_include_tax"]) == ("10.00", False)
    assert business["taxes"] == [
        {"rate": "0", "reason": "reverse_charge", "net": "20.00", "tax": "0.00"}
    ]
    assert "pay_by" not in business
    assert (await client.get(f"/orders/{business['id']}")).json() == business
    sent = body | {"id": "0199a1b2-7c00-7d00-8e00-0123456789ad", "vat_number": AUSTRIAN}
    await Pipeline(shop).process([message("order", sent)])
    queued = (await client.get(f"/orders/{sent['id']}")).json()
    assert [queued[name] for name in ("total", "vat_number", "taxes")] == [
        business[name] for name in ("total", "vat_number", "taxes")
    ]


@pytest.mark.any_database
async def test_an_order_with_a_wrong_vat_number_is_refused_by_its_field(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    charge()
    await add_rate(client)
    cup, buyer = await create_product(client, stock_quantity=5), await create_user(client)
    items = [{"product_id": cup["id"], "quantity": 2}]
    body = {"user_id": buyer["id"], "items": items, "vat_number": "ATU13585626"}
    assert places_of(problem_of(await client.post("/orders", json=body))) == {
        "#/vat_number": "has a wrong check digit; it must be a VAT number of AT, like ATU13585627"
    }
    assert (await client.get("/orders")).json()["items"] == []
    assert await stock_of(client, cup) == 5
