"""Shipments that are refused, and change nothing."""

from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product, order_in
from tests.support.ledger import stock_of
from tests.support.refusals import NOTHING, problem_of
from tests.support.tables import everything
from tests.test_controllers.fulfilment.setting import (
    answered,
    assert_problem,
    code_of,
    move,
    pack,
    paid_order,
    try_pack,
)


@pytest.mark.any_database
async def test_packed_units_cannot_be_cancelled(client: httpx.AsyncClient, shop: Shop) -> None:
    order = await paid_order(client, 3)
    shipment = await pack(client, order, 2)
    path = f"/orders/{order['id']}"
    line = f"{path}/lines/{order['items'][0]['product_id']}/cancel"
    before = await everything(shop)
    refusals = [
        await client.post(line, json={"quantity": 2}),
        await client.post(f"{path}/cancel"),
        await client.patch(path, json={"status": "cancelled"}),
    ]
    assert [code_of(each) for each in refusals] == [
        "quantity-not-left",
        *["illegal-transition"] * 2,
    ]
    assert problem_of(refusals[0])["left"] == 1
    assert problem_of(refusals[1])["allowed"] == ["shipped"]
    assert await everything(shop) == before
    await move(client, shipment, "cancel")
    assert answered(await client.post(f"{path}/cancel"))["status"] == "cancelled"
    assert await stock_of(client, order["items"][0]["product_id"]) == 10


@pytest.mark.any_database
@pytest.mark.parametrize("status", ["pending", "shipped", "delivered", "cancelled"])
async def test_only_a_paid_order_is_packed(
    client: httpx.AsyncClient, shop: Shop, status: str
) -> None:
    order = await order_in(client, status, await create_product(client), 2)
    before = await everything(shop)
    refusal = problem_of(await try_pack(client, order))
    assert (refusal["type"], refusal["from_status"]) == ("urn:problem:illegal-transition", status)
    assert await everything(shop) == before


ROADS = {
    "packed": (),
    "shipped": ("ship",),
    "delivered": ("ship", "deliver"),
    "cancelled": ("cancel",),
}
STEPS = {("packed", "ship"), ("packed", "cancel"), ("shipped", "deliver")}


@pytest.mark.parametrize("status", ROADS)
async def test_a_shipment_changes_its_status_only_by_the_table_of_transitions(
    client: httpx.AsyncClient, shop: Shop, status: str
) -> None:
    # Another shipment is packed, so that the status of the order does not change.
    order = await paid_order(client, 2)
    await pack(client, order, 1)
    shipment = await move(client, await pack(client, order, 1), *ROADS[status])
    assert shipment["status"] == status
    for verb in ("ship", "deliver", "cancel"):
        if (status, verb) in STEPS:
            continue
        before = await everything(shop)
        refusal = problem_of(await client.post(f"/shipments/{shipment['id']}/{verb}"))
        assert refusal["type"] == "urn:problem:illegal-transition"
        assert (refusal["shipment_id"], refusal["from_status"]) == (shipment["id"], status)
        assert await everything(shop) == before


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"lines": [{"variant_id": NOTHING, "quantity": 1}]}, "order-line-not-found"),
        ({"lines": []}, "#/lines"),
        ({"lines": [{"variant_id": "{line}", "quantity": 0}]}, "#/lines/0/quantity"),
        ({"lines": [{"variant_id": "{line}", "quantity": 1.5}]}, "#/lines/0/quantity"),
        ({"lines": [{"variant_id": "{line}", "quantity": 2}] * 2}, "quantity-not-left"),
        ({"carrier": "x" * 101}, "#/carrier"),
        ({"tracking_number": ""}, "#/tracking_number"),
        ({"tracking_number": "1\n2"}, "#/tracking_number"),
        ({"tracking_url": "https://www.example.com"}, "#/tracking_url"),
        ({"note": "\0"}, "#/note"),
    ],
)
async def test_an_impossible_packing_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, shop: Shop, body: dict[str, Any], problem: str
) -> None:
    order = await paid_order(client, 3)
    for line in body.get("lines", ()):
        if line["variant_id"] == "{line}":
            body = {"lines": [line | {"variant_id": order["items"][0]["product_id"]}] * 2}
    before = await everything(shop)
    refusal = problem_of(await client.post(f"/orders/{order['id']}/shipments", json=body))
    assert_problem(refusal, problem)
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_a_change_of_a_version_that_the_caller_has_not_seen_is_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await paid_order(client, 2)
    stale = {"If-Match": '"stale"'}
    shipment = await pack(client, order, 1)
    path = f"/shipments/{shipment['id']}"
    writes: list[tuple[str, str, Any]] = [
        ("POST", f"/orders/{order['id']}/shipments", {}),
        ("PATCH", path, {"note": "Late."}),
        ("POST", f"{path}/cancel", None),
        ("POST", f"{path}/ship", None),
        ("POST", f"{path}/deliver", None),
    ]
    before = await everything(shop)
    for method, url, body in writes:
        refused = await client.request(method, url, json=body, headers=stale)
        assert code_of(refused) == "precondition-failed"
    assert await everything(shop) == before
    etag = (await client.get(path)).headers["ETag"]
    seen = await client.patch(path, json={"note": "Seen."}, headers={"If-Match": etag})
    seen = await client.post(f"{path}/ship", headers={"If-Match": seen.headers["ETag"]})
    assert answered(seen)["version"] == 3
