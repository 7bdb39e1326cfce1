"""Each row of a request for many products is created, changed, unchanged or refused separately."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.core.limits import MAX_BULK_BODY_BYTES
from app.messaging.pipeline import Pipeline
from app.models import AuditEvent
from app.wiring.resources import Shop
from tests.support.cached import caught_up
from tests.support.ledger import every, movements_of
from tests.support.refusals import problem_of
from tests.test_controllers.prices.lists import listed, make_list
from tests.test_messaging.deliveries import letters_of, message, take_postponed

TEA = {"sku": "tea", "name": "Tea", "category": "Drinks", "price": "4.99", "stock_quantity": 10}
SMALL = TEA | {"option_values": {"Package": "100 g"}}
LARGE = {"sku": "tea-500", "product_sku": "tea", "option_values": {"package": "500 g"}}


async def bulk(client: httpx.AsyncClient, shop: Shop, *rows: Any) -> list[dict[str, Any]]:
    """Send rows, apply them, and return the result of each."""
    answer = await client.post("/products/bulk", json={"rows": rows})
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/api/v1/operations/{answer.json()['id']}"
    await Pipeline(shop).process(await take_postponed(shop))
    await caught_up(shop)
    ended = (await client.get(f"/operations/{answer.json()['id']}")).json()
    assert (ended["state"], ended["problem"]) == ("succeeded", None)
    results: list[dict[str, Any]] = ended["result"]["rows"]
    assert [each["index"] for each in results] == list(range(len(rows)))
    return results


def statuses(results: list[dict[str, Any]]) -> list[str]:
    """Return the status of each row."""
    return [each["status"] for each in results]


async def test_rows_are_created_changed_or_unchanged(shop: Shop, client: httpx.AsyncClient) -> None:
    # The second variant comes first: the order does not matter.
    made = await bulk(client, shop, LARGE, SMALL, TEA | {"sku": "cup", "category_path": ["A", "B"]})
    assert statuses(made) == ["created"] * 3
    assert made[0]["product_id"] == made[1]["product_id"] == made[1]["id"] != made[0]["id"]
    tea = (await client.get(f"/products/{made[1]['id']}")).json()
    assert [each["option_values"] for each in tea["variants"]] == [
        {"Package": "100 g"},
        {"Package": "500 g"},
    ]
    assert [each["price"] for each in tea["variants"]] == ["4.99", "4.99"]
    assert (await client.get(f"/products/{made[2]['id']}")).json()["category"] == "B"
    changed = await bulk(
        client,
        shop,
        {"sku": "tea-500", "price": "19.99", "compare_at_price": "24.99", "barcode": "0012"},
        {"sku": "cup", "stock_quantity": 7, "name": "=1+1"},
        SMALL,
    )
    assert statuses(changed) == ["changed", "changed", "unchanged"]
    assert [each["id"] for each in changed] == [each["id"] for each in (made[0], made[2], made[1])]
    tea = (await client.get(f"/products/{made[1]['id']}")).json()
    large = tea["variants"][1]
    assert (large["price"], large["compare_at_price"]) == ("19.99", "24.99")
    assert (tea["version"], large["version"]) == (2, 2)
    cup = (await client.get(f"/products/{made[2]['id']}")).json()
    assert (cup["name"], cup["stock_quantity"]) == ("=1+1", 7)
    assert await movements_of(client, cup["id"]) == [("supply", 10), ("stocktake", -3)]
    cleared = await bulk(client, shop, {"sku": "tea-500", "barcode": None})
    assert statuses(cleared) == ["changed"]
    async with shop.database.read() as session:
        (event,) = await session.scalars(select(AuditEvent))
    assert event.event == "price.changed"
    assert event.actor.startswith("api-key ")


REFUSED = [
    ({"price": "dear"}, "invalid-input", ["#/rows/1/price"]),
    (
        {"nmae": "x", "stock_quantity": "1"},
        "invalid-input",
        ["#/rows/1/stock_quantity", "#/rows/1/nmae"],
    ),
    ({"name": None}, "invalid-input", ["#/rows/1/name"]),
    ({"sku": "mug", "name": "Mug"}, "invalid-input", ["#/rows/1/category"]),
    ({"sku": "mug", "product_sku": "pot"}, "invalid-input", ["#/rows/1/product_sku"]),
    ({"sku": "x", "product_sku": "tea"}, "invalid-input", ["#/rows/1/product_sku"]),
    ({"option_values": {"Size": "L"}}, "invalid-input", ["#/rows/1/option_values"]),
    ({"compare_at_price": "1.00"}, "invalid-input", ["#/rows/1/compare_at_price"]),
    ({"sku": "tea", "product_sku": "cup"}, "invalid-input", ["#/rows/1/product_sku"]),
]


@pytest.mark.parametrize(("wrong", "code", "pointers"), REFUSED)
async def test_a_refused_row_has_its_problem_and_does_not_affect_the_others(
    shop: Shop, client: httpx.AsyncClient, wrong: Any, code: str, pointers: list[str]
) -> None:
    await bulk(client, shop, TEA, TEA | {"sku": "cup"})
    rows = [{"sku": "cup", "price": "3.00"}, {"sku": "tea"} | wrong, TEA | {"sku": "new"}]
    results = await bulk(client, shop, *rows)
    assert statuses(results) == ["changed", "refused", "created"]
    problem = results[1]["problem"]
    assert (problem["type"], problem["status"]) == (f"urn:problem:{code}", 400)
    assert [each["pointer"] for each in problem["errors"]] == pointers
    assert {each["sku"] for each in await every(client, "/products")} == {"tea", "cup", "new"}


async def test_a_row_that_only_the_database_refuses_does_not_affect_the_others(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    rows = [SMALL, LARGE, LARGE | {"sku": "tea-501", "option_values": {"Package": "500 G"}}]
    results = await bulk(client, shop, *rows, "no object", TEA | {"sku": "cup"})
    assert statuses(results) == ["created", "created", "refused", "refused", "created"]
    problem = results[2]["problem"]
    assert (problem["type"], problem["status"]) == ("urn:problem:variant-exists", 409)
    assert results[3]["problem"]["errors"] == [
        {"pointer": "#/rows/3", "detail": "must be an object"}
    ]


async def test_the_same_sku_twice_and_a_contradiction_are_refused(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    results = await bulk(client, shop, SMALL, LARGE, TEA, LARGE | {"name": "Coffee", "sku": "x"})
    assert statuses(results) == ["created", "created", "refused", "refused"]
    names = [{"sku": "tea", "name": "Green"}, {"sku": "tea-500", "name": "Black"}]
    results = await bulk(client, shop, *names)
    assert statuses(results) == ["changed", "refused"]


async def test_a_request_that_is_not_a_list_of_rows_is_refused_at_once(
    client: httpx.AsyncClient,
) -> None:
    bodies: list[dict[str, Any]] = [{}, {"rows": []}, {"rows": [TEA] * 501}, {"rows": "tea"}]
    for body in bodies:
        answer = await client.post("/products/bulk", json=body)
        assert problem_of(answer)["errors"][0]["pointer"] == "#/rows"


async def test_a_body_may_be_larger_than_others_but_not_any_size(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    rows = [TEA | {"sku": f"t-{each}", "description": "x" * 3_000} for each in range(300)]
    assert statuses(await bulk(client, shop, *rows)) == ["created"] * 300
    content = b"x" * (MAX_BULK_BODY_BYTES + 1)
    answer = await client.post("/products/bulk", content=content)
    assert (answer.status_code, answer.json()["max_bytes"]) == (413, MAX_BULK_BODY_BYTES)
    assert (await client.post("/products", content=content)).json()["max_bytes"] == 256 * 1024


async def test_a_request_with_a_key_is_applied_once(shop: Shop, client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "0199a1b2-7c00-7d00-8e00-000000000001"}
    first = await client.post("/products/bulk", json={"rows": [TEA]}, headers=headers)
    again = await client.post("/products/bulk", json={"rows": [TEA]}, headers=headers)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert len(await take_postponed(shop)) == 1


async def test_a_message_of_another_system_is_applied_completely_or_not_at_all(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    rows = [TEA, {"sku": "cup", "price": "dear"}]
    await Pipeline(shop).process([message("product_bulk", {"rows": rows})])
    assert await every(client, "/products") == []
    ((queue, code, reason, _),) = await letters_of(shop)
    assert (queue, code) == ("product_bulk", "invalid-input")
    assert "#/rows/1/price must be a decimal number" in reason
    await Pipeline(shop).process([message("product_bulk", {"rows": rows[:1]})])
    await caught_up(shop)
    assert [each["sku"] for each in await every(client, "/products")] == ["tea"]


async def test_a_row_does_not_change_the_price_of_a_sale(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    (tea,) = await bulk(client, shop, TEA)
    await make_list(client, shop, {tea["id"]: "3.99"}, code="sale")
    assert statuses(await bulk(client, shop, TEA | {"price": "5.99"})) == ["changed"]
    (item,) = await listed(client, max_price="4.00")
    assert (item["price"], item["price_source"]) == ("3.99", "sale")
    read = (await client.get(f"/products/{tea['id']}")).json()
    assert (read["price"], read["base_price"]) == ("3.99", "5.99")
