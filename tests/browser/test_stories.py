"""User stories with the keyboard only, some of them without scripts, and with a scanner."""

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.keys import Keys
from tests.browser.people import MILK, wait_for
from tests.browser.world import REGULAR, STAFF, World
from tests.support.factories import address

_TWENTY = 20
_BARCODE = "4006381333931"


def _is_packed(world: World, order_id: str) -> bool:
    return bool(world.send("GET", f"/orders/{order_id}")["status"] == "shipped")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_guest_buys_by_keyboard(visit: Visit, scripts: bool) -> None:
    page = visit(scripts=scripts)
    keys = Keys(page)
    page.goto("/")
    keys.to("Search", kind="input")
    page.keyboard.type("fluid milk")
    keys.enter()
    keys.skip()
    keys.to("Fluid Milk")
    keys.enter()
    keys.skip()
    keys.type("Quantity", "2")
    keys.enter()
    keys.skip()
    keys.to("Checkout")
    keys.enter()
    keys.skip()
    keys.to("Country")
    page.keyboard.type("Germany")
    keys.to("Go on")
    keys.enter()
    keys.skip()
    keys.type("E-mail address", "ada@example.com")
    keys.type("Recipient", "Ada Lovelace")
    keys.type("Street", "Unter den Linden 1")
    keys.type("Postal code", "10117")
    keys.type("City", "Berlin")
    keys.enter()
    keys.to("Test bank")
    keys.to("I accept the terms")
    keys.press("Space")
    keys.to("Place the order")
    keys.enter()
    keys.to("Approve")
    keys.enter()
    keys.to("Back to the shop")
    keys.enter()
    assert re.fullmatch(r"Order \d+", page.locator("h1").inner_text())
    wait_for(page, "Paid")
    assert page.get_by_text("2 × Fluid Milk").count() == 1


def test_staff_packs_three_orders_without_scripts(visit: Visit, world: World) -> None:
    page = visit(STAFF, scripts=False)
    keys = Keys(page)
    orders = {world.order("paid")["id"] for _ in range(3)}
    keys.open("/console/pack")
    assert keys.focus == "Start with the oldest"
    keys.enter()
    packed: dict[str, str] = {}
    # The orders of the demo are older.
    while not orders <= packed.keys():
        number = f"JJD{len(packed)}"
        assert packed.setdefault(page.url.rpartition("/")[2], number) == number
        assert keys.focus == "Tracking number"
        keys.type("Tracking number", number)
        keys.enter()
    for order_id in orders:
        assert _is_packed(world, order_id)
        shipments = world.send("GET", f"/orders/{order_id}/shipments")["items"]
        assert [each["tracking_number"] for each in shipments] == [packed[order_id]]


def test_staff_packs_twenty_orders_with_45_keys_at_most(visit: Visit, world: World) -> None:
    page = visit(STAFF)
    keys = Keys(page)
    orders = [world.order("paid") for _ in range(_TWENTY)]
    keys.open("/console/pack")
    keys.enter()
    while not all(_is_packed(world, order["id"]) for order in orders):
        assert keys.pressed <= 45
        # A user waits for the field before pressing the key.
        expect(page.get_by_label("Tracking number")).to_be_focused()
        keys.enter()
    assert keys.pressed <= 45


def test_staff_adds_a_product_in_six_variants_without_scripts(visit: Visit, world: World) -> None:
    page = visit(STAFF, scripts=False)
    keys = Keys(page)
    page.goto("/console/products")
    keys.skip()
    keys.to("New product")
    keys.enter()
    keys.skip()
    keys.type("Name", "Woollen scarf")
    keys.type("Category", "Clothes")
    keys.press("Escape")
    keys.type("SKU", "SCARF")
    keys.type("Price", "24.90")
    keys.type("Stock", "12")
    keys.type("Option 1", "Size")
    keys.type("Values", "S, M, L")
    keys.press("Tab")
    keys.type("Option 2", "Colour")
    keys.type("Values", "Red, Blue")
    keys.enter()
    assert page.locator("h1").inner_text() == "Woollen scarf"
    expect(page.get_by_role("heading", name="6 variants")).to_be_visible()
    found = world.send("GET", "/products", params={"q": "woollen scarf"})["items"]
    its = world.send("GET", "/variants", params={"product_id": found[0]["id"]})["items"]
    assert sorted("/".join(each["option_values"].values()) for each in its) == [
        "L/Blue",
        "L/Red",
        "M/Blue",
        "M/Red",
        "S/Blue",
        "S/Red",
    ]


def _rename(page: Page, name: str) -> Keys:
    keys = Keys(page)
    keys.skip()
    keys.type("Name", name)
    keys.enter()
    return keys


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_two_members_of_staff_change_a_product_and_keep_their_typed_values(
    visit: Visit, world: World, scripts: bool
) -> None:
    shirt = world.new_shirt()
    at = f"/console/products/{shirt['id']}"
    mine, theirs = visit(STAFF, scripts=scripts), visit(STAFF, scripts=scripts)
    for page in mine, theirs:
        page.goto(at)
    _rename(theirs, "Shirt of linen")
    keys = _rename(mine, "Shirt of cotton")
    expect(mine.get_by_role("alert")).to_be_visible()
    expect(mine.get_by_text("The name is now Shirt of linen")).to_be_visible()
    assert world.send("GET", f"/products/{shirt['id']}")["name"] == "Shirt of linen"
    # The typed values are kept, and are saved if the form is sent again.
    keys.to("Name")
    keys.enter()
    assert mine.locator("h1").inner_text() == "Shirt of cotton"
    assert world.send("GET", f"/products/{shirt['id']}")["name"] == "Shirt of cotton"


def test_a_customer_finds_an_own_order(visit: Visit, world: World) -> None:
    order = world.order("shipped")
    page = visit(REGULAR)
    keys = Keys(page)
    page.goto(f"/p/{MILK}")
    keys.to("Account")
    keys.enter()
    keys.skip()
    keys.to(f"Order {order['number']}")
    keys.enter()
    assert page.locator("h1").inner_text() == f"Order {order['number']}"


def _order(world: World) -> dict[str, Any]:
    """Return a paid order of 2 cups with a barcode and 1 unit of milk, with the SKU of a cup."""
    sku = f"CUP-{uuid4().hex[:6]}"
    its = {"name": "Cup", "category": "Cups", "price": "8.00", "stock_quantity": 9}
    cup = world.send("POST", "/products", json=its | {"sku": sku, "barcode": _BARCODE})
    data = {
        "user_id": world.users[REGULAR],
        "items": [{"product_id": cup["id"], "quantity": 2}, {"product_id": MILK, "quantity": 1}],
        "delivery_address": address(recipient="Ada Byron"),
    }
    order = world.send("POST", "/orders", json=data)
    world.send("PATCH", f"/orders/{order['id']}", json={"status": "paid"})
    return order | {"sku": sku}


def _scan(page: Page, *codes: str) -> None:
    field = page.get_by_label("SKU or barcode")
    field.focus()
    for code in codes:
        page.keyboard.type(code)
        page.keyboard.press("Enter")


def _counts(page: Page) -> list[str]:
    return [each.input_value() for each in page.get_by_label("in this parcel").all()]


def test_a_scanner_counts_the_units_of_a_parcel(visit: Visit, world: World) -> None:
    order = _order(world)
    page = visit(STAFF)
    page.goto(f"/console/pack/{order['id']}")
    assert _counts(page) == ["2", "1"]
    wrong, counted = page.get_by_role("alert"), page.locator("[data-scan] [role=status]")
    _scan(page, "NO-SUCH-CODE")
    expect(wrong).to_have_text("NO-SUCH-CODE does not belong to this order: nothing was counted.")
    assert _counts(page) == ["2", "1"]
    _scan(page, _BARCODE)
    expect(counted).to_have_text("Cup: 1 of 2. 1 of 3 units are counted.")
    expect(wrong).to_have_text("")
    _scan(page, order["sku"], _BARCODE)
    expect(wrong).to_have_text("Cup: all 2 are counted, this is one too many.")
    assert _counts(page) == ["2", "0"]
    milk = order["items"][1]
    _scan(page, milk["sku"])
    expect(counted).to_have_text(f"{milk['name']}: 1 of 1. 3 of 3 units are counted.")
    expect(page.get_by_label("Tracking number")).to_be_focused()
    assert world.send("GET", f"/orders/{order['id']}")["status"] == "paid"
    with page.expect_event("domcontentloaded"):
        page.keyboard.press("Enter")
    assert world.send("GET", f"/orders/{order['id']}")["status"] == "shipped"


def test_a_part_that_was_scanned_is_shipped_and_the_rest_waits(visit: Visit, world: World) -> None:
    order = _order(world)
    page = visit(STAFF)
    page.goto(f"/console/pack/{order['id']}")
    _scan(page, order["sku"])
    page.get_by_role("button", name="Pack and ship").click()
    page.wait_for_url(lambda url: order["id"] not in url)
    shown = world.send("GET", f"/orders/{order['id']}")
    assert [each.get("shipped_quantity", 0) for each in shown["items"]] == [1, 0]
    # The other orders are no longer in the queue.
    world.send("PATCH", f"/orders/{order['id']}", json={"status": "shipped"})


def test_without_scripts_a_parcel_is_packed_by_the_quantities_of_lines(
    visit: Visit, world: World
) -> None:
    order = _order(world)
    page = visit(STAFF, scripts=False)
    page.goto(f"/console/pack/{order['id']}")
    expect(page.get_by_label("SKU or barcode")).to_be_hidden()
    page.get_by_label("Units of Cup in this parcel").fill("1")
    page.get_by_role("button", name="Pack and ship").click()
    shown = world.send("GET", f"/orders/{order['id']}")
    assert [each.get("shipped_quantity", 0) for each in shown["items"]] == [1, 1]
    world.send("PATCH", f"/orders/{order['id']}", json={"status": "shipped"})


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_staff_refunds_a_line(visit: Visit, world: World, scripts: bool) -> None:
    order = world.paid_at_bank(units=3)
    price = order["items"][0]["unit_price"]
    page = visit(STAFF, scripts=scripts)
    keys = Keys(page)
    page.goto(f"/console/orders/{order['id']}")
    keys.skip()
    keys.to("Refund units, from payment 1")
    keys.press("Enter")
    keys.type("Units of Fluid Milk", "1")
    keys.type("Why", "One was broken.")
    keys.enter()
    expect(page.get_by_text(f"Refund of ${price} Succeeded One was broken.")).to_be_visible()
    refunded = page.locator("dt:text-is('Refunded') + dd")
    assert refunded.inner_text() == f"${price}"
    (refund,) = world.send("GET", f"/orders/{order['id']}/payments")["refunds"]
    assert (refund["amount"], refund["reason"]) == (price, "One was broken.")
