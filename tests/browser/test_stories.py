"""Stories by the keyboard alone, three of them without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.keys import Keys
from tests.browser.people import MILK, wait_for
from tests.browser.world import REGULAR, STAFF, World

_TWENTY = 20


def _is_packed(world: World, order_id: str) -> bool:
    return bool(world.send("GET", f"/orders/{order_id}")["status"] == "shipped")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_stranger_buys(visit: Visit, scripts: bool) -> None:
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
    page.goto("/console/pack")
    assert keys.focus == "Start with the oldest"
    keys.enter()
    packed: dict[str, str] = {}
    # Those of the demo are older.
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
    page.goto("/console/pack")
    keys.enter()
    while not all(_is_packed(world, order["id"]) for order in orders):
        assert keys.pressed <= 45
        # A person sees the field before the key is pressed.
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
def test_two_people_change_a_product_and_none_loses_what_was_typed(
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
    # What was typed is still there, and is saved if it is sent once more.
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
