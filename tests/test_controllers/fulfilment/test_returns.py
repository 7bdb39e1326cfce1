"""Shipped units are returned: in parts, each unit once, with its share of the payment."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update

from app.models import Order, OrderStatus
from app.wiring.resources import Shop
from tests.support.accounts import mails_of, someone
from tests.support.factories import create_product, place_order
from tests.support.ledger import movements_of, stock_of
from tests.support.tables import everything
from tests.test_controllers.carts.setting import guest
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_controllers.fulfilment.returns import (
    WHY,
    ask,
    do,
    returns_of,
    shipped_order,
    try_do,
    try_return,
)
from tests.test_controllers.fulfilment.setting import (
    answered,
    code_of,
    lines_of,
    move,
    moved,
    order_of,
    pack,
    paid_order,
)
from tests.test_controllers.orders.test_cancelled_lines import cancel_line, order_of_three


async def test_a_return_is_requested_approved_received_and_closed(
    client: httpx.AsyncClient,
) -> None:
    order = await shipped_order(client, 3)
    (item,) = order["items"]
    response = await try_return(client, order, 2)
    asked = answered(response, 201)
    assert response.headers["Location"] == f"/api/v1/returns/{asked['id']}"
    line = {name: item[name] for name in ("product_id", "sku", "name")}
    line |= {"position": 1, "quantity": 2, "refund_proposed": "9.98"}
    assert asked == {
        "id": asked["id"],
        "order_id": order["id"],
        "number": f"{order['number']}-R1",
        "status": "requested",
        **WHY,
        "lines": [line],
        "refund_proposed": "9.98",
        "currency": "USD",
        "created_at": asked["created_at"],
        "updated_at": asked["created_at"],
        "version": 1,
    }
    approved = await do(client, asked, "approve", answer="Please send it to us.")
    assert (approved["status"], approved["answer"]) == ("approved", "Please send it to us.")
    assert approved["decided_at"] == approved["updated_at"]
    received = await do(client, asked, "receive")
    assert received["lines"] == [
        line | {"received_quantity": 2, "restocked_quantity": 2, "condition": "good"}
    ]
    closed = await do(client, asked, "close")
    assert (closed["status"], closed["version"]) == ("closed", 4)
    assert closed["refund_proposed"] == "9.98"
    assert await returns_of(client, order) == [closed]
    assert closed == answered(await client.get(f"/returns/{asked['id']}"))
    now = await order_of(client, order)
    assert (now["items"][0]["returned_quantity"], now["version"]) == (2, order["version"] + 1)
    assert (now["status"], now["fulfilment_status"]) == ("shipped", "shipped")
    movements = await movements_of(client, item["product_id"])
    assert movements == [("supply", 10), ("sale", -3), ("return", 2)]


@pytest.mark.parametrize(
    ("parts", "amounts", "taxes"),
    [
        ((3,), ["24.77"], ["3.95"]),
        ((1, 2), ["8.26", "16.51"], ["1.32", "2.63"]),
        ((2, 1), ["16.52", "8.25"], ["2.64", "1.31"]),
        ((1, 1, 1), ["8.26", "8.26", "8.25"], ["1.32", "1.32", "1.31"]),
    ],
)
async def test_refunds_of_all_partitions_of_a_line_add_up_to_it(
    client: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    parts: tuple[int, ...],
    amounts: list[str],
    taxes: list[str],
) -> None:
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update={"tax_origin": "DE"}))
    _, order = await order_of_three(client)
    await moved(client, order, "paid")
    await moved(client, order, "shipped")
    returned = [
        await do(client, await ask(client, order, part), "approve", "receive") for part in parts
    ]
    assert [each["refund_proposed"] for each in returned] == amounts
    assert [each["refund_tax"] for each in returned] == taxes
    assert await returns_of(client, order) == returned


async def test_no_unit_of_a_line_is_both_cancelled_and_refunded(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update={"tax_origin": "DE"}))
    _, order = await order_of_three(client)
    await moved(client, order, "paid")
    await move(client, await pack(client, order, 2), "ship")
    returned = await do(client, await ask(client, order, 1), "approve", "receive")
    cancelled = answered(await cancel_line(client, order))
    last = await do(client, await ask(client, order, 1), "approve", "receive")
    found = [each["refund_proposed"] for each in (returned, last)]
    assert [*found, cancelled["cancelled"]] == ["8.26", "8.26", "8.25"]


async def test_damaged_units_are_not_restocked(client: httpx.AsyncClient) -> None:
    order = await shipped_order(client, 3, 2)
    first, second = [each["product_id"] for each in order["items"]]
    asked = await do(client, await ask(client, order, 3, 2), "approve")
    lines = [
        {"variant_id": first, "quantity": 2, "condition": "opened", "restocked_quantity": 1},
        {"variant_id": second, "quantity": 2, "condition": "damaged"},
    ]
    received = await do(client, asked, "receive", lines=lines)
    assert [
        (each["received_quantity"], each.get("restocked_quantity", 0), each["condition"])
        for each in received["lines"]
    ] == [(2, 1, "opened"), (2, 0, "damaged")]
    assert received["refund_proposed"] == "19.96"
    assert [await stock_of(client, each) for each in (first, second)] == [8, 8]
    # The third unit did not arrive, and can be returned later.
    assert code_of(await try_return(client, order, 2)) == "nothing-to-return"
    await ask(client, order, 1)


async def test_an_omitted_line_counts_as_not_arrived(client: httpx.AsyncClient) -> None:
    order = await shipped_order(client, 1, 1)
    asked = await do(client, await ask(client, order, 1, 1), "approve")
    second = order["items"][1]["product_id"]
    lines = [{"variant_id": second, "quantity": 1}]
    received = await do(client, asked, "receive", lines=lines)
    assert [each.get("received_quantity", 0) for each in received["lines"]] == [0, 1]
    assert [each["refund_proposed"] for each in received["lines"]] == ["0.00", "4.99"]


async def test_requested_units_cannot_be_requested_again(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await shipped_order(client, 3)
    for end in ("cancel", "reject"):
        asked = await ask(client, order, 2)
        before = await everything(shop)
        refused = await try_return(client, order, 2)
        assert (code_of(refused), refused.json()["left"]) == ("nothing-to-return", 1)
        assert await everything(shop) == before
        assert (await do(client, asked, end))["refund_proposed"] == "0.00"
    await do(client, await ask(client, order, 3), "approve", "receive", "close")
    assert code_of(await try_return(client, order, 1)) == "nothing-to-return"


async def test_concurrent_requests_return_the_last_units_once(client: httpx.AsyncClient) -> None:
    order = await shipped_order(client, 5)
    answers = await asyncio.gather(*(try_return(client, order, 2) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [201] * 2 + [409] * 4
    assert {code_of(each) for each in answers if each.is_error} == {"nothing-to-return"}
    numbers = [each["number"] for each in await returns_of(client, order)]
    assert numbers == [f"{order['number']}-R{place}" for place in (1, 2)]


async def test_concurrent_receipts_of_a_return_count_once(client: httpx.AsyncClient) -> None:
    order = await shipped_order(client, 2)
    asked = await do(client, await ask(client, order, 2), "approve")
    answers = await asyncio.gather(*(try_do(client, asked, "receive") for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 3
    assert await stock_of(client, order["items"][0]["product_id"]) == 10


async def test_only_shipped_units_can_be_returned(client: httpx.AsyncClient) -> None:
    order = await paid_order(client, 3)
    assert code_of(await try_return(client, order, 1)) == "nothing-to-return"
    first = await pack(client, order, 2)
    assert code_of(await try_return(client, order, 1)) == "nothing-to-return"
    await move(client, first, "ship")
    await pack(client, order, 1)
    assert code_of(await try_return(client, order, 3)) == "nothing-to-return"
    await ask(client, order, 2)


async def test_an_order_from_before_shipments_existed_can_be_returned(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await paid_order(client, 2)
    await moved(client, order, "shipped")
    async with shop.database.write() as session:
        for change in (
            "DELETE FROM shipment_lines",
            "DELETE FROM shipments",
            "UPDATE order_items SET shipped_quantity = 0",
        ):
            await session.execute(text(change))
        await session.execute(update(Order).values(status=OrderStatus.DELIVERED))
    assert "shipped_quantity" not in (await order_of(client, order))["items"][0]
    asked = await ask(client, order, 1)
    now = await order_of(client, order)
    assert now["items"][0]["shipped_quantity"] == 2
    assert (now["status"], now["fulfilment_status"]) == ("delivered", "delivered")
    await do(client, asked, "approve", "receive")
    assert code_of(await try_return(client, order, 2)) == "nothing-to-return"


async def test_a_customer_returns_own_orders_only(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    owner, other = await someone(nobody), await someone(nobody)
    order = await place_order(client, owner.id, {(await create_product(client))["id"]: 2})
    await moved(client, order, "paid")
    await moved(client, order, "shipped")
    path, body = f"/orders/{order['id']}/returns", {"lines": lines_of(order, 1), "reason": "other"}
    before = await everything(shop)
    hidden = [await nobody.post(path, json=body, headers=other.headers)]
    assert await everything(shop) == before
    asked = answered(await nobody.post(path, json=body, headers=owner.headers), 201)
    places = (path, f"/returns/{asked['id']}")
    assert [(await nobody.get(each, headers=owner.headers)).status_code for each in places] == [
        200,
        200,
    ]
    hidden += [await nobody.get(each, headers=other.headers) for each in places]
    hidden.append(await nobody.post(f"{places[1]}/cancel", headers=other.headers))
    assert [code_of(each) for each in hidden] == [
        *["order-not-found"] * 2,
        *["return-not-found"] * 2,
    ]
    refused = await nobody.post(f"{places[1]}/approve", json={}, headers=owner.headers)
    assert code_of(refused) == "forbidden"
    cancelled = await nobody.post(f"{places[1]}/cancel", headers=owner.headers)
    assert answered(cancelled)["status"] == "cancelled"


async def test_a_guest_requests_a_return_with_the_token_of_the_cart(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    cart = await ready(nobody, {(await create_product(client))["id"]: 2})
    order = await ordered(cart)
    for status in ("paid", "shipped"):
        await moved(client, order, status)
    body: dict[str, Any] = {"lines": lines_of(order, 1), "reason": "changed_mind"}
    stranger = await guest(nobody)
    path = f"/carts/{cart.cart_id}/order/returns"
    refused = await nobody.post(path, json=body, headers=stranger.headers)
    assert code_of(refused) == "cart-not-found"
    response = await cart.send("POST", "/order/returns", json=body)
    asked = answered(response, 201)
    assert response.headers["Location"] == f"/api/v1{path}"
    assert answered(await cart.send("GET", "/order/returns"))["items"] == [asked]
    assert await returns_of(client, order) == [asked]


async def test_a_customer_gets_a_mail_about_the_decision(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, name="Tea")
    order = await ordered(await ready(client, {tea["id"]: 3}))
    for status in ("paid", "shipped"):
        await moved(client, order, status)
    before = len(await mails_of(shop))
    first, second = await ask(client, order, 2), await ask(client, order, 1)
    assert len(await mails_of(shop)) == before
    await do(client, first, "approve", answer="Use the label.\nIt is free.")
    await do(client, second, "reject")
    approved, rejected = (await mails_of(shop))[before:]
    subject = f"Your order {order['number']} at Lavka: your return was"
    assert [each.subject for each in (approved, rejected)] == [
        f"{subject} approved",
        f"{subject} rejected",
    ]
    assert "Use the label.\nIt is free.\n\nYour return\n2 × Tea\n\nLavka" in approved.body
    assert "Your return\n1 × Tea\n\nLavka" in rejected.body
