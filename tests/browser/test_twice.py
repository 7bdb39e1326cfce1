"""A form that is sent twice has one effect: by a double click, the back button, or two tabs."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.people import ADMIN, MILK, fill_cart, give_address, place_order
from tests.browser.world import STAFF, World

_SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


def _units(page: Page) -> str:
    page.goto("/cart")
    return page.get_by_label("Quantity of").input_value()


def _newest(world: World) -> int:
    return int(world.send("GET", "/orders", params={"limit": 1})["items"][0]["number"])


@_SCRIPTS
def test_a_double_click_adds_one_unit_to_the_cart(visit: Visit, scripts: bool) -> None:
    page = visit(scripts=scripts)
    fill_cart(page)
    page.goto(f"/p/{MILK}")
    page.get_by_role("button", name="Add to cart").dblclick()
    page.wait_for_url("**/cart")
    assert _units(page) == "2"


@_SCRIPTS
def test_a_double_click_places_one_order(visit: Visit, world: World, scripts: bool) -> None:
    page = visit(scripts=scripts)
    fill_cart(page)
    give_address(page)
    before = _newest(world)
    page.get_by_role("radio", name="Bank transfer").check()
    page.get_by_label("I accept the terms of the shop.").check()
    page.get_by_role("button", name=re.compile("^Place the order")).dblclick()
    expect(page.get_by_role("heading", name=f"Order {before + 1}")).to_be_visible()
    assert _newest(world) == before + 1


def test_the_back_button_places_no_second_order(visit: Visit, world: World) -> None:
    page = visit()
    fill_cart(page)
    give_address(page)
    before = _newest(world)
    place_order(page, "Bank transfer")
    expect(page.get_by_role("heading", name=f"Order {before + 1}")).to_be_visible()
    page.go_back()
    # The cart has been ordered: the page has nothing to order now.
    expect(page.get_by_role("button", name=re.compile("^Place the order"))).to_have_count(0)
    assert _newest(world) == before + 1


@_SCRIPTS
def test_two_tabs_pack_an_order_once(visit: Visit, world: World, scripts: bool) -> None:
    order = world.order("paid", units=2)
    one = visit(STAFF, scripts=scripts)
    other = one.context.new_page()
    for page in one, other:
        page.goto(f"/console/pack/{order['id']}")
    one.get_by_role("button", name="Pack and ship").dblclick()
    expect(one.get_by_role("heading", name=f"Order #{order['number']}")).to_have_count(0)
    other.get_by_role("button", name="Pack and ship").click()
    expect(other.get_by_text("The order changed meanwhile")).to_be_visible()
    shipments = world.send("GET", f"/orders/{order['id']}/shipments")["items"]
    assert [each["status"] for each in shipments] == ["shipped"]


@_SCRIPTS
def test_a_double_click_receives_stock_once(visit: Visit, world: World, scripts: bool) -> None:
    variant = world.new_shirt()["id"]
    page = visit(ADMIN, scripts=scripts)
    page.goto(f"/console/stock/{variant}")
    page.get_by_label("Units received").fill("5")
    page.get_by_role("button", name="Add to the stock").dblclick()
    expect(page.get_by_text("45 units in stock")).to_be_visible()
    page.go_back()
    page.get_by_label("Units received").fill("5")
    page.reload()
    expect(page.get_by_text("45 units in stock")).to_be_visible()


def _captured(world: World, order: dict[str, Any]) -> list[str]:
    shown = world.send("GET", f"/orders/{order['id']}/payments")
    return [each["captured"] for each in shown["payments"]]


@_SCRIPTS
def test_a_double_click_captures_once(visit: Visit, world: World, scripts: bool) -> None:
    order = world.paid_at_bank(2, is_captured=False)
    page = visit(STAFF, scripts=scripts)
    page.goto(f"/console/orders/{order['id']}")
    page.get_by_role("button", name="Capture").dblclick()
    captured = page.locator("dt:text-is('Captured') + dd")
    expect(captured).to_have_text(f"${order['total']}")
    assert _captured(world, order) == [order["total"]]


@_SCRIPTS
def test_a_second_capture_is_refused_because_of_the_first(
    visit: Visit, world: World, scripts: bool
) -> None:
    order = world.paid_at_bank(2, is_captured=False)
    one = visit(STAFF, scripts=scripts)
    other = one.context.new_page()
    for page in one, other:
        page.goto(f"/console/orders/{order['id']}")
        page.get_by_label("Amount to capture").fill("0.50")
    for page in one, other:
        page.get_by_role("button", name="Capture").click()
        expect(page.locator("dt:text-is('Captured') + dd")).to_have_text("$0.50")
    expect(one.get_by_role("alert")).to_have_count(0)
    expect(other.get_by_role("alert")).to_contain_text("The payment is captured already.")
    expect(other.get_by_role("button", name="Capture")).to_have_count(0)
    assert _captured(world, order) == ["0.50"]


@_SCRIPTS
def test_a_double_click_refunds_once(visit: Visit, world: World, scripts: bool) -> None:
    order = world.paid_at_bank(2)
    page = visit(STAFF, scripts=scripts)
    page.goto(f"/console/orders/{order['id']}")
    page.get_by_text("Refund an amount of payment 1").click()
    page.get_by_label("Amount to refund").fill("0.50")
    page.get_by_label("Why").first.fill("One was broken.")
    page.get_by_role("button", name="Refund the amount").dblclick()
    expect(page.locator("dt:text-is('Refunded') + dd")).to_have_text("$0.50")
    expect(page.get_by_role("alert")).to_have_count(0)
    shown = world.send("GET", f"/orders/{order['id']}/payments")
    assert [each["amount"] for each in shown["refunds"]] == ["0.50"]


@_SCRIPTS
def test_a_double_click_ships_once(visit: Visit, world: World, scripts: bool) -> None:
    order = world.order("paid")
    world.send("POST", f"/orders/{order['id']}/shipments", json={})
    page = visit(STAFF, scripts=scripts)
    page.goto(f"/console/orders/{order['id']}")
    page.get_by_role("button", name="It has left").dblclick()
    expect(page.get_by_role("button", name="It has arrived")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    shipments = world.send("GET", f"/orders/{order['id']}/shipments")["items"]
    assert [each["status"] for each in shipments] == ["shipped"]


@_SCRIPTS
def test_a_double_click_cancels_once(visit: Visit, world: World, scripts: bool) -> None:
    order = world.order("paid")
    page = visit(STAFF, scripts=scripts)
    page.goto(f"/console/orders/{order['id']}")
    page.get_by_text("Cancel the order", exact=True).click()
    page.get_by_role("button", name="Cancel the whole order").dblclick()
    expect(page.get_by_text("Cancelled", exact=True).first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert world.send("GET", f"/orders/{order['id']}")["status"] == "cancelled"
