"""Units of a line are cancelled, and reduce the order by their own amounts."""

import asyncio
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product, order_in
from tests.support.ledger import movements_of, snapshot, stock_of
from tests.support.machines import NAME
from tests.support.refusals import NOTHING, problem_of
from tests.support.tables import everything
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_controllers.promotions.setting import add_promotion
from tests.test_controllers.taxes.test_tax_rates import add_rate


async def cancel_line(
    client: httpx.AsyncClient, order: dict[str, Any], line: str | None = None, **body: Any
) -> httpx.Response:
    """Send a request to cancel units of a line."""
    variant_id = order["items"][0]["product_id"] if line is None else line
    return await client.post(f"/orders/{order['id']}/lines/{variant_id}/cancel", json=body)


async def order_of_three(client: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a product, and an order of a cart with three units at 8.26 instead of 9.99."""
    await add_rate(client)
    tea = await create_product(client, price="9.99", stock_quantity=10)
    five = [{"currency": "USD", "amount": "5.20"}]
    await add_promotion(client, effect="amount_order", percent=None, amounts=five)
    return tea, await ordered(await ready(client, {tea["id"]: 3}))


async def test_each_cancelled_unit_reduces_the_order_by_its_own_share(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update={"tax_origin": "DE"}))
    tea, order = await order_of_three(client)
    assert (order["total"], order["items"][0]["tax"]) == ("24.77", "3.95")
    found = []
    for left in (2, 1):
        response = await cancel_line(client, order, quantity=1)
        assert response.status_code == 200, response.text
        shown = response.json()
        assert shown == (await client.get(f"/orders/{order['id']}")).json()
        assert (shown["status"], shown["total"]) == ("pending", "24.77")
        assert shown["items"][0]["cancelled_quantity"] == 3 - left
        found.append(shown["cancellations"][-1])
    assert [each["amount"] for each in found] == ["8.25", "8.26"]
    assert {(each["position"], each["quantity"], each["actor"]) for each in found} == {(1, 1, NAME)}
    assert (shown["cancelled"], shown["version"]) == ("16.51", order["version"] + 2)
    assert await movements_of(client, tea["id"]) == [
        ("supply", 10),
        ("sale", -3),
        ("cancellation", 1),
        ("cancellation", 1),
    ]


async def test_the_last_units_cancel_the_order(client: httpx.AsyncClient) -> None:
    tea, cup = await create_product(client), await create_product(client)
    order = (
        await client.post(
            "/orders",
            json={
                "user_id": (await order_in(client, "pending", cup))["user_id"],
                "items": [
                    {"product_id": tea["id"], "quantity": 4},
                    {"product_id": cup["id"], "quantity": 2},
                ],
            },
        )
    ).json()
    assert (await cancel_line(client, order, tea["id"])).json()["status"] == "pending"
    again = problem_of(await cancel_line(client, order, tea["id"]))
    assert (again["type"], again["left"]) == ("urn:problem:quantity-not-left", 0)
    last = await cancel_line(client, order, cup["id"], quantity=2)
    assert (last.status_code, last.json()["status"]) == (200, "cancelled")
    assert last.json()["history"][-1]["actor"] == NAME
    assert [await stock_of(client, each["id"]) for each in (tea, cup)] == [10, 9]


async def test_cancelling_an_order_skips_units_that_are_already_cancelled(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client, stock_quantity=10)
    order = await order_in(client, "paid", product, 5)
    assert (await cancel_line(client, order, quantity=2)).status_code == 200
    assert await stock_of(client, product["id"]) == 7
    assert (await client.post(f"/orders/{order['id']}/cancel")).status_code == 200
    assert await stock_of(client, product["id"]) == 10


@pytest.mark.parametrize(
    ("line", "body", "problem"),
    [
        (None, {"quantity": 4}, "quantity-not-left"),
        (NOTHING, {}, "order-line-not-found"),
        (None, {"quantity": 0}, "invalid-input"),
        (None, {"quantity": 1.5}, "invalid-input"),
        (None, {"pieces": 1}, "invalid-input"),
    ],
)
async def test_an_impossible_cancellation_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, shop: Shop, line: str | None, body: dict[str, Any], problem: str
) -> None:
    order = await order_in(client, "pending", await create_product(client), 3)
    before = await everything(shop)
    response = await cancel_line(client, order, line, **body)
    assert problem_of(response)["type"] == f"urn:problem:{problem}"
    assert await everything(shop) == before


@pytest.mark.parametrize("status", ["shipped", "delivered", "cancelled"])
async def test_lines_of_a_shipped_or_cancelled_order_cannot_be_cancelled(
    client: httpx.AsyncClient, status: str
) -> None:
    product = await create_product(client)
    order = await order_in(client, status, product, 3)
    before = await snapshot(client, product)
    refusal = problem_of(await cancel_line(client, order, quantity=1))
    assert refusal["type"] == "urn:problem:illegal-transition"
    assert await snapshot(client, product) == before


async def test_a_change_of_a_version_that_the_caller_has_not_seen_is_refused(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client)
    order = await order_in(client, "pending", product, 3)
    path = f"/orders/{order['id']}"
    old = (await client.get(path)).headers["ETag"]
    assert (await cancel_line(client, order, quantity=1)).status_code == 200
    before = await snapshot(client, product)
    stale = {"If-Match": old}
    refused = await client.post(
        f"{path}/lines/{product['id']}/cancel", json={"quantity": 1}, headers=stale
    )
    assert problem_of(refused)["type"] == "urn:problem:precondition-failed"
    assert await snapshot(client, product) == before
    assert (
        await client.post(f"/orders/{NOTHING}/lines/{NOTHING}/cancel", json={})
    ).status_code == 404


async def test_concurrent_requests_cancel_each_unit_once(client: httpx.AsyncClient) -> None:
    product = await create_product(client, stock_quantity=20)
    order = await order_in(client, "pending", product, 10)
    answers = await asyncio.gather(*(cancel_line(client, order, quantity=2) for _ in range(8)))
    # The fifth one cancels the order.
    assert sorted(each.status_code for each in answers) == [200] * 5 + [409] * 3
    assert await stock_of(client, product["id"]) == 20
    assert (await client.get(f"/orders/{order['id']}")).json()["status"] == "cancelled"
