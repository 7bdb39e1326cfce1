"""Returns that are refused, and change nothing."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.refusals import NOTHING, places_of, problem_of
from tests.support.tables import everything
from tests.test_controllers.fulfilment.returns import (
    ask,
    do,
    returns_of,
    shipped_order,
    try_do,
    try_return,
)
from tests.test_controllers.fulfilment.setting import (
    assert_problem,
    code_of,
    move,
    moved,
    pack,
    paid_order,
)

pytestmark = pytest.mark.any_database

WINDOW = timedelta(days=30)
SECOND = timedelta(seconds=1)
ROADS: dict[str, tuple[str, ...]] = {
    "requested": (),
    "approved": ("approve",),
    "rejected": ("reject",),
    "received": ("approve", "receive"),
    "closed": ("approve", "receive", "close"),
    "cancelled": ("cancel",),
}
STEPS = {
    ("requested", "approve"),
    ("requested", "reject"),
    ("requested", "cancel"),
    ("approved", "receive"),
    ("approved", "cancel"),
    ("received", "close"),
}


@pytest.mark.parametrize("status", ROADS)
async def test_a_return_changes_its_status_only_by_the_table_of_transitions(
    client: httpx.AsyncClient, shop: Shop, status: str
) -> None:
    order = await shipped_order(client, 2)
    asked = await do(client, await ask(client, order, 1), *ROADS[status])
    assert asked["status"] == status
    for verb in ("approve", "reject", "receive", "close", "cancel"):
        if (status, verb) in STEPS:
            continue
        before = await everything(shop)
        refusal = problem_of(await try_do(client, asked, verb))
        assert refusal["type"] == "urn:problem:illegal-transition"
        assert (refusal["return_id"], refusal["from_status"]) == (asked["id"], status)
        assert await everything(shop) == before


async def test_an_order_is_returned_within_its_window(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await shipped_order(client, 3)
    with later(shop, WINDOW - timedelta(minutes=5)):
        await ask(client, order, 1)
    with later(shop, WINDOW + SECOND):
        assert code_of(await try_return(client, order, 1)) == "return-window-over"
    assert len(await returns_of(client, order)) == 1


async def test_the_window_begins_with_the_last_delivery(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await shipped_order(client, 2)
    with later(shop, WINDOW - timedelta(days=1)):
        await moved(client, order, "delivered")
    with later(shop, 2 * WINDOW - timedelta(days=2)):
        await ask(client, order, 1)
    with later(shop, 2 * WINDOW):
        assert code_of(await try_return(client, order, 1)) == "return-window-over"


async def test_the_window_of_an_order_that_is_shipped_in_part_begins_with_its_shipment(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await paid_order(client, 2)
    shipment = await pack(client, order, 1)
    with later(shop, timedelta(days=10)):
        await move(client, shipment, "ship")
    with later(shop, WINDOW + timedelta(days=9)):
        await ask(client, order, 1)
    with later(shop, WINDOW + timedelta(days=11)):
        assert code_of(await try_return(client, order, 1)) == "nothing-to-return"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"lines": [{"variant_id": NOTHING, "quantity": 1}]}, "order-line-not-found"),
        ({"lines": [{"variant_id": "{line}", "quantity": 2}] * 2}, "nothing-to-return"),
        ({"lines": []}, "#/lines"),
        ({}, "#/lines"),
        ({"lines": [{"variant_id": "{line}", "quantity": 0}]}, "#/lines/0/quantity"),
        ({"reason": "none"}, "#/reason"),
        ({"customer_note": "x" * 2_001}, "#/customer_note"),
        ({"refund_proposed": "1.00"}, "#/refund_proposed"),
    ],
)
async def test_an_impossible_request_of_a_return_is_refused(
    client: httpx.AsyncClient, shop: Shop, body: dict[str, Any], problem: str
) -> None:
    order = await shipped_order(client, 3)
    variant_id = order["items"][0]["product_id"]
    if "lines" in body:
        lines = [
            line | ({"variant_id": variant_id} if line["variant_id"] == "{line}" else {})
            for line in body["lines"]
        ]
        body = body | {"lines": lines}
    before = await everything(shop)
    path = f"/orders/{order['id']}/returns"
    refusal = problem_of(await client.post(path, json={"reason": "damaged"} | body))
    assert_problem(refusal, problem)
    assert await everything(shop) == before


@pytest.mark.parametrize(
    ("lines", "place", "reason"),
    [
        ([{"variant_id": NOTHING, "quantity": 1}], "0/variant_id", "is not in the return"),
        ([{"quantity": 3}], "0/quantity", "must be at most 2"),
        ([{"quantity": 1}, {"quantity": 1}], "1/variant_id", "must be given once"),
        (
            [{"quantity": 1, "restocked_quantity": 2}],
            "0/restocked_quantity",
            "must be at most quantity",
        ),
        ([{"quantity": -1}], "0/quantity", "must be greater than or equal to 0"),
    ],
)
async def test_an_impossible_receipt_of_a_return_is_refused(
    client: httpx.AsyncClient, shop: Shop, lines: list[dict[str, Any]], place: str, reason: str
) -> None:
    order = await shipped_order(client, 3)
    asked = await do(client, await ask(client, order, 2), "approve")
    own = {"variant_id": order["items"][0]["product_id"]}
    before = await everything(shop)
    refusal = await try_do(client, asked, "receive", lines=[own | line for line in lines])
    assert places_of(problem_of(refusal)) == {f"#/lines/{place}": reason}
    assert await everything(shop) == before


async def test_a_change_of_a_version_that_the_caller_has_not_seen_is_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    asked = await ask(client, await shipped_order(client, 2), 1)
    path = f"/returns/{asked['id']}"
    before = await everything(shop)
    for verb in ("approve", "reject", "receive", "close", "cancel"):
        body: Any = None if verb in ("close", "cancel") else {}
        stale = {"If-Match": '"stale"'}
        refused = await client.post(f"{path}/{verb}", json=body, headers=stale)
        assert code_of(refused) == "precondition-failed"
    assert await everything(shop) == before
    etag = (await client.get(path)).headers["ETag"]
    for verb in ("approve", "receive", "close"):
        body = None if verb == "close" else {}
        seen = await client.post(f"{path}/{verb}", json=body, headers={"If-Match": etag})
        assert seen.status_code == 200, seen.text
        etag = seen.headers["ETag"]
