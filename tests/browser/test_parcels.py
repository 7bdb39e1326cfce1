"""Parcels are counted by a scanner, or by line without scripts; a line is refunded by keys."""

from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.keys import Keys
from tests.browser.people import MILK
from tests.browser.world import REGULAR, STAFF, World
from tests.support.factories import address

_BARCODE = "4006381333931"


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


def test_a_parcel_is_counted_by_a_scanner(visit: Visit, world: World) -> None:
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
    # The others find nothing left in the queue.
    world.send("PATCH", f"/orders/{order['id']}", json={"status": "shipped"})


def test_without_scripts_a_parcel_is_counted_by_line(visit: Visit, world: World) -> None:
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
