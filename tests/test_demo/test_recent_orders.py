"""The demo shop has orders of now: those of four weeks, and one in each state."""

from datetime import timedelta
from typing import Any

import httpx

from app.demo.load import fill_with_demo
from app.wiring.resources import Shop
from tests.support.ledger import every

STATES = 11


async def placed_now(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return the orders that were placed while the shop was filled, the oldest first."""
    ordered = sorted(await every(client, "/orders"), key=lambda each: each["number"])[-STATES:]
    return [(await client.get(f"/orders/{each['id']}")).json() for each in ordered]


async def test_there_are_orders_of_four_weeks_and_one_in_each_state(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    before = shop.clock.now()
    assert await fill_with_demo(shop)
    orders = await placed_now(client)
    assert [each["status"] for each in orders] == [
        *("pending", "cancelled", "paid", "paid", "paid", "paid", "paid"),
        *("shipped", "delivered", "delivered", "paid"),
    ]
    assert {each["delivery_address"]["country"] for each in orders} == {"US"}
    parcels = [(await client.get(f"/orders/{each['id']}/shipments")).json() for each in orders]
    assert [[one["status"] for one in each["items"]] for each in parcels] == [
        *([], [], [], [], [], ["packed"], ["packed"]),
        *(["shipped"], ["delivered"], ["delivered"], []),
    ]
    (asked,) = (await client.get(f"/orders/{orders[9]['id']}/returns")).json()["items"]
    assert (asked["status"], asked["reason"], asked["customer_note"]) == (
        *("requested", "damaged", "It leaks."),
    )
    assert [each.get("refunded", "0.00") for each in orders] == ["0.00"] * 3 + ["1.00"] + [
        "0.00"
    ] * 7
    (attention,) = (await client.get("/payments?needs_attention=true")).json()["items"]
    assert (attention["order_id"], attention["attention"]) == (orders[2]["id"], "refund_by_hand")
    (paid,) = (await client.get(f"/orders/{orders[10]['id']}/payments")).json()["payments"]
    assert (paid["provider"], paid["captured"]) == ("test", orders[10]["total"])
    # The last of them was placed at most a day before.
    bounds = {
        "placed_from": (before - timedelta(days=29)).isoformat(),
        "placed_before": before.isoformat(),
        "count": "true",
    }
    assert (await client.get("/orders", params=bounds)).json()["total"] == 171
    days = {each["created_at"][:10] for each in await every(client, "/orders", **bounds)}
    assert len(days) >= 27
