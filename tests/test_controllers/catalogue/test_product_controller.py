"""Products over HTTP: added, shown, changed and archived."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.factories import create_product, create_user, place_order
from tests.support.machines import NAME
from tests.support.refusals import NOTHING, refusal_of
from tests.test_controllers.catalogue.products import (
    OUTGOING,
    assert_stock_is_the_sum,
    movements_of,
    shown,
)


async def test_an_added_product_is_shown_as_given(client: httpx.AsyncClient) -> None:
    data = {
        "sku": "TEA-EARL-100",
        "name": "Earl Grey, 100 g",
        "description": "Black tea\nwith bergamot.",
        "category": "Tea",
        "price": "4.99",
        "stock_quantity": 100,
        "is_active": True,
    }
    response = await client.post("/products", json=data)
    body = response.json()
    assert response.status_code == 201
    assert {name: body[name] for name in data} == data
    assert (body["currency"], body["version"]) == ("USD", 1)
    assert body["created_at"] == body["updated_at"]
    assert response.headers["Location"] == f"/api/v1/products/{body['id']}"
    read = await client.get(f"/products/{body['id']}")
    assert (read.json(), read.headers["ETag"]) == (body, response.headers["ETag"])


async def test_a_product_needs_no_description_and_no_stock(client: httpx.AsyncClient) -> None:
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": 5}
    product = (await client.post("/products", json=data)).json()
    assert (product["description"], product["price"]) == ("", "5.00")
    assert (product["stock_quantity"], product["is_active"]) == (0, True)
    assert await movements_of(client, product) == []


async def test_the_first_stock_is_a_supply(client: httpx.AsyncClient) -> None:
    product = await create_product(client, stock_quantity=7)
    (movement,) = await movements_of(client, product)
    assert (movement["quantity"], movement["reason"]) == (7, "supply")
    assert movement["product_id"] == product["id"]
    assert (movement["source"], movement["created_at"]) == (NAME, product["created_at"])


async def test_an_unknown_product_is_not_found(client: httpx.AsyncClient) -> None:
    for response in (
        await client.get(f"/products/{NOTHING}"),
        await client.patch(f"/products/{NOTHING}", json={"name": "Tea"}),
        await client.delete(f"/products/{NOTHING}"),
        await client.get(f"/products/{NOTHING}/stock"),
        await client.post(f"/products/{NOTHING}/stock", json=OUTGOING),
    ):
        assert refusal_of(response) == (404, "product-not-found")


async def test_a_product_with_the_etag_of_the_caller_is_not_sent_again(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client)
    for path in (
        f"/products/{product['id']}",
        "/products?include=stock",
        f"/products/{product['id']}/stock",
    ):
        etag = (await client.get(path)).headers["ETag"]
        response = await client.get(path, headers={"If-None-Match": etag})
        assert (response.status_code, response.content) == (304, b"")
        await client.post(f"/products/{product['id']}/stock", json=OUTGOING | {"quantity": -1})
        response = await client.get(path, headers={"If-None-Match": etag})
        assert (response.status_code, response.headers["ETag"] == etag) == (200, False)


@pytest.mark.parametrize(
    "change",
    [
        {"sku": "TEA-NEW"},
        {"name": "Assam"},
        {"description": "Strong."},
        {"category": "Black tea"},
        {"price": "0.00"},
        {"stock_quantity": 3},
        {"is_active": False},
        {"name": "Assam", "price": "9.50", "stock_quantity": 0, "is_active": False},
    ],
)
async def test_only_the_given_fields_of_a_product_change(
    client: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    product = await create_product(client, description="Black.")
    response = await client.patch(f"/products/{product['id']}", json=change)
    changed = response.json()
    assert response.status_code == 200
    assert changed["updated_at"] > product["updated_at"]
    assert changed == product | change | {"version": 2, "updated_at": changed["updated_at"]}
    assert await shown(client, product) == changed
    await assert_stock_is_the_sum(client, product)


async def test_a_change_of_an_outdated_version_of_a_product_is_refused(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client)
    path = f"/products/{product['id']}"
    old = (await client.get(path)).headers["ETag"]
    changed = await client.patch(path, json={"price": "5.49"}, headers={"If-Match": old})
    assert changed.status_code == 200
    change = {"price": "0.01", "stock_quantity": 1}
    for tags in (old, f'"other", {old}', f"W/{changed.headers['ETag']}"):
        response = await client.patch(path, json=change, headers={"If-Match": tags})
        assert refusal_of(response) == (412, "precondition-failed")
        assert response.json()["etag"] == changed.headers["ETag"]
    assert await shown(client, product) == changed.json()
    assert len(await movements_of(client, product)) == 1
    response = await client.patch(path, json=change, headers={"If-Match": "*"})
    assert (response.status_code, response.json()["version"]) == (200, 3)


@pytest.mark.parametrize(("counted", "difference"), [(3, -7), (25, 15), (0, -10)])
async def test_a_counted_stock_is_recorded_as_the_difference(
    client: httpx.AsyncClient, counted: int, difference: int
) -> None:
    product = await create_product(client, stock_quantity=10)
    await client.patch(f"/products/{product['id']}", json={"stock_quantity": counted})
    newest, first = await movements_of(client, product)
    assert (newest["quantity"], newest["reason"]) == (difference, "stocktake")
    assert (first["quantity"], first["reason"]) == (10, "supply")
    await assert_stock_is_the_sum(client, product)


async def test_a_correct_count_adds_no_movement(client: httpx.AsyncClient) -> None:
    product = await create_product(client, stock_quantity=10)
    response = await client.patch(f"/products/{product['id']}", json={"stock_quantity": 10})
    assert (response.status_code, response.json()["stock_quantity"]) == (200, 10)
    assert len(await movements_of(client, product)) == 1


async def test_a_product_that_is_not_active_is_shown_but_not_sold(
    client: httpx.AsyncClient,
) -> None:
    product, other = await create_product(client), await create_product(client)
    user = await create_user(client)
    response = await client.patch(f"/products/{product['id']}", json={"is_active": False})
    assert await _listed(client) == [other["id"]]
    assert await shown(client, product) == response.json()
    refused = await _order(client, user, other, product)
    assert refusal_of(refused) == (409, "product-not-for-sale")
    assert refused.json()["product_id"] == product["id"]
    assert await shown(client, product) == response.json()
    assert await shown(client, other) == other
    assert (await client.get("/orders")).json()["items"] == []
    await client.patch(f"/products/{product['id']}", json={"is_active": True})
    assert await _listed(client) == [other["id"], product["id"]]
    assert (await _order(client, user, product)).status_code == 201


async def test_a_product_added_inactive_is_not_listed(client: httpx.AsyncClient) -> None:
    product = await create_product(client, is_active=False)
    assert await _listed(client) == []
    assert (await shown(client, product))["is_active"] is False


async def test_an_archived_product_is_not_found_in_the_shop(client: httpx.AsyncClient) -> None:
    product, other = await create_product(client), await create_product(client)
    user = await create_user(client)
    response = await client.delete(f"/products/{product['id']}")
    assert (response.status_code, response.content) == (204, b"")
    for refused in (
        await client.get(f"/products/{product['id']}"),
        await client.patch(f"/products/{product['id']}", json={"is_active": True}),
        await client.delete(f"/products/{product['id']}"),
        await client.get(f"/products/{product['id']}/stock"),
        await client.post(f"/products/{product['id']}/stock", json=OUTGOING),
        await _order(client, user, product),
    ):
        assert refusal_of(refused) == (404, "product-not-found")
    assert await _listed(client) == [other["id"]]


async def test_an_order_keeps_its_archived_product(client: httpx.AsyncClient) -> None:
    user, product = await create_user(client), await create_product(client)
    order = await place_order(client, user["id"], {product["id"]: 2})
    await client.delete(f"/products/{product['id']}")
    assert (await client.get(f"/orders/{order['id']}")).json() == order


async def test_the_sku_of_an_archived_product_stays_in_use(client: httpx.AsyncClient) -> None:
    product, other = await create_product(client, sku="TEA"), await create_product(client)
    await client.delete(f"/products/{product['id']}")
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00"}
    added = await client.post("/products", json=data)
    changed = await client.patch(f"/products/{other['id']}", json={"sku": "TEA"})
    assert refusal_of(added) == refusal_of(changed) == (409, "sku-taken")
    assert await _listed(client) == [other["id"]]
    assert await shown(client, other) == other


async def test_a_sku_is_unique(client: httpx.AsyncClient) -> None:
    product, other = await create_product(client, sku="TEA"), await create_product(client)
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00", "stock_quantity": 5}
    added = await client.post("/products", json=data)
    change = {"sku": "TEA", "price": "0.01", "stock_quantity": 1}
    changed = await client.patch(f"/products/{other['id']}", json=change)
    for response in (added, changed):
        assert refusal_of(response) == (409, "sku-taken")
        assert response.json()["field"] == "sku"
    assert await _listed(client) == [other["id"], product["id"]]
    assert await shown(client, other) == other
    assert len(await movements_of(client, other)) == 1


async def test_of_two_concurrent_products_one_gets_the_sku(client: httpx.AsyncClient) -> None:
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00", "stock_quantity": 5}
    responses = await asyncio.gather(*(client.post("/products", json=data) for _ in range(4)))
    refusals = [response for response in responses if response.status_code != 201]
    assert [refusal_of(response) for response in refusals] == [(409, "sku-taken")] * 3
    assert len(await _listed(client)) == 1


async def _order(
    client: httpx.AsyncClient, user: dict[str, Any], *products: dict[str, Any]
) -> httpx.Response:
    items = [{"product_id": product["id"], "quantity": 1} for product in products]
    return await client.post("/orders", json={"user_id": user["id"], "items": items})


async def _listed(client: httpx.AsyncClient) -> list[str]:
    response = await client.get("/products")
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]
