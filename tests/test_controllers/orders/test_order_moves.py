"""The transitions of orders over HTTP; a cancelled order returns its units to stock."""

from datetime import datetime
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.models import Variant
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user, order_in, place_order
from tests.support.ledger import assert_conserved, movements_of, snapshot, stock_of
from tests.support.machines import NAME

ALLOWED = {
    "pending": ["cancelled", "paid"],
    "paid": ["cancelled", "shipped"],
    "shipped": ["delivered"],
    "delivered": [],
    "cancelled": [],
}


async def move(client: httpx.AsyncClient, order_id: str, status: str) -> httpx.Response:
    """Send a request to change the status of an order."""
    return await client.patch(f"/orders/{order_id}", json={"status": status})


@pytest.mark.parametrize("body", [{}, {"status": "lost"}, {"status": "paid", "total": "0"}])
async def test_a_change_that_is_not_valid_is_refused(
    client: httpx.AsyncClient, body: dict[str, str]
) -> None:
    order = await order_in(client, "pending", await create_product(client))
    response = await client.patch(f"/orders/{order['id']}", json=body)
    assert response.status_code == 400
    assert (await client.get(f"/orders/{order['id']}")).json() == order


@pytest.mark.parametrize("target", ["delivered", "cancelled"])
async def test_an_order_follows_the_table_of_transitions_and_records_each_one(
    client: httpx.AsyncClient, shop: Shop, target: str
) -> None:
    order = await order_in(client, "pending", await create_product(client))
    road = ["paid", "shipped", "delivered"] if target == "delivered" else ["paid", "cancelled"]
    for version, status in enumerate(road, start=2):
        before = order
        response = await move(client, order["id"], status)
        order = response.json()
        step = {"from_status": before["status"], "to_status": status, "actor": NAME}
        moved_at = order["updated_at"]
        assert before["updated_at"] < moved_at
        assert datetime.fromisoformat(moved_at) <= shop.clock.now()
        goods = {}
        if status == "shipped":
            goods = {
                "items": [before["items"][0] | {"shipped_quantity": 1}],
                "fulfilment_status": "shipped",
            }
        elif status == "delivered":
            goods = {"fulfilment_status": "delivered"}
        assert order == before | goods | {
            "status": status,
            "version": version,
            "updated_at": moved_at,
            "history": [*before["history"], step | {"changed_at": moved_at}],
        }
        shown = await client.get(f"/orders/{order['id']}")
        # A cached response may be compressed, which its entity tag shows.
        etag = shown.headers["ETag"].replace("-gzip", "")
        assert (shown.json(), etag) == (order, response.headers["ETag"])


@pytest.mark.parametrize("status", ALLOWED)
async def test_every_other_transition_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, status: str
) -> None:
    product = await create_product(client)
    order = await order_in(client, status, product)
    before = await snapshot(client, product)
    for target in set(ALLOWED) - set(ALLOWED[status]):
        response = await move(client, order["id"], target)
        assert response.status_code == 409
        body = response.json()
        assert body["type"] == "urn:problem:illegal-transition"
        assert (body["order_id"], body["from_status"]) == (order["id"], status)
        assert (body["to_status"], body["allowed"]) == (target, ALLOWED[status])
        assert (await client.get(f"/orders/{order['id']}")).json() == order
    assert await snapshot(client, product) == before


@pytest.mark.parametrize("status", ["pending", "paid"])
@pytest.mark.parametrize("is_patched", [False, True], ids=["post", "patch"])
async def test_a_cancelled_order_returns_its_units_to_stock(
    client: httpx.AsyncClient, status: str, is_patched: bool
) -> None:
    user = await create_user(client)
    tea, cup = await create_product(client), await create_product(client)
    order = await place_order(client, user["id"], {tea["id"]: 4, cup["id"]: 1})
    if status == "paid":
        await move(client, order["id"], "paid")
    path = f"/orders/{order['id']}"
    response = await (
        move(client, order["id"], "cancelled") if is_patched else client.post(f"{path}/cancel")
    )
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert (await client.get(path)).json() == response.json()
    back = [("supply", 10), ("sale", -4), ("cancellation", 4)]
    assert await movements_of(client, tea["id"]) == back
    assert [await stock_of(client, each["id"]) for each in (tea, cup)] == [10, 10]
    await assert_conserved(client, [tea["id"], cup["id"]])


@pytest.mark.parametrize("status", ["shipped", "delivered", "cancelled"])
async def test_a_shipped_or_cancelled_order_cannot_be_cancelled(
    client: httpx.AsyncClient, status: str
) -> None:
    product = await create_product(client)
    order = await order_in(client, status, product, 3)
    before = await snapshot(client, product)
    response = await client.post(f"/orders/{order['id']}/cancel")
    assert response.status_code == 409
    assert (response.json()["from_status"], response.json()["to_status"]) == (status, "cancelled")
    assert await snapshot(client, product) == before


async def test_units_of_an_archived_product_are_returned_to_stock_too(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, stock_quantity=10)
    order = await order_in(client, "pending", product, 4)
    assert (await client.delete(f"/products/{product['id']}")).status_code == 204
    assert (await client.post(f"/orders/{order['id']}/cancel")).status_code == 200
    stock = select(Variant.stock_quantity).where(Variant.id == UUID(product["id"]))
    async with shop.database.read() as session:
        assert await session.scalar(stock) == 10


async def test_a_change_of_a_version_that_the_caller_has_not_seen_is_refused(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client)
    order = await order_in(client, "pending", product)
    path = f"/orders/{order['id']}"
    old = (await client.get(path)).headers["ETag"]
    assert (await move(client, order["id"], "paid")).status_code == 200
    before = await snapshot(client, product)
    refused = [
        await client.patch(path, json={"status": "cancelled"}, headers={"If-Match": seen})
        for seen in (old, '"other"', f"W/{(await client.get(path)).headers['ETag']}")
    ]
    assert [each.status_code for each in refused] == [412, 412, 412]
    assert refused[0].json()["type"] == "urn:problem:precondition-failed"
    assert await snapshot(client, product) == before
    new = (await client.get(path)).headers["ETag"]
    for seen, status in ((f"{old}, {new}", "shipped"), ("*", "delivered")):
        headers = {"If-Match": seen}
        made = await client.patch(path, json={"status": status}, headers=headers)
        assert (made.status_code, made.json()["status"]) == (200, status)
