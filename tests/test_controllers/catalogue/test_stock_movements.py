"""The stock movements of products over HTTP."""

import asyncio

import httpx
import pytest

from tests.support.factories import create_product, create_user, place_order
from tests.support.machines import NAME
from tests.support.refusals import refusal_of
from tests.test_controllers.catalogue.products import (
    OUTGOING,
    assert_stock_is_the_sum,
    movements_of,
    shown,
)


@pytest.mark.parametrize(
    ("quantity", "reason", "left"),
    [(5, "supply", 15), (1, "return", 11), (-10, "damage", 0), (-3, "stocktake", 7)],
)
async def test_a_movement_changes_the_stock(
    client: httpx.AsyncClient, quantity: int, reason: str, left: int
) -> None:
    product = await create_product(client, stock_quantity=10)
    path = f"/products/{product['id']}/stock"
    data = {"quantity": quantity, "reason": reason, "note": "DN-2041"}
    response = await client.post(path, json=data)
    movement = response.json()
    assert (response.status_code, response.headers["Location"]) == (201, f"/api/v1{path}")
    assert (movement["quantity"], movement["reason"]) == (quantity, reason)
    assert (movement["source"], movement["product_id"]) == ("DN-2041", product["id"])
    assert (await movements_of(client, product))[0] == movement
    changed = {"stock_quantity": left, "updated_at": movement["created_at"]}
    assert await shown(client, product) == product | changed
    await assert_stock_is_the_sum(client, product)


async def test_a_movement_without_a_note_names_its_caller(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    response = await client.post(f"/products/{product['id']}/stock", json=OUTGOING)
    assert response.json()["source"] == NAME


async def test_a_movement_of_more_units_than_the_stock_is_refused(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client, stock_quantity=3)
    response = await client.post(f"/products/{product['id']}/stock", json=OUTGOING)
    assert refusal_of(response) == (409, "insufficient-stock")
    short = {"product_id": product["id"], "asked": 4, "available": 3}
    assert response.json()["products"] == [short]
    assert await shown(client, product) == product
    assert len(await movements_of(client, product)) == 1


async def test_concurrent_movements_never_take_more_than_the_stock(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client, stock_quantity=10)
    path = f"/products/{product['id']}/stock"
    responses = await asyncio.gather(*(client.post(path, json=OUTGOING) for _ in range(5)))
    assert sorted(response.status_code for response in responses) == [201, 201, 409, 409, 409]
    assert (await shown(client, product))["stock_quantity"] == 2
    await assert_stock_is_the_sum(client, product)


async def test_movements_are_listed_by_pages_newest_first(client: httpx.AsyncClient) -> None:
    product, other = await create_product(client), await create_product(client)
    path = f"/products/{product['id']}/stock"
    data = {"reason": "supply"}
    for quantity in range(1, 10):
        await client.post(path, json=data | {"quantity": quantity})
        await client.post(f"/products/{other['id']}/stock", json=data | {"quantity": 100})
    pages, query = [], {"limit": "4"}
    for _ in range(3):
        page = (await client.get(path, params=query)).json()
        pages.append([movement["quantity"] for movement in page["items"]])
        query["cursor"] = page["next"]
    assert pages == [[9, 8, 7, 6], [5, 4, 3, 2], [1, 10]]
    assert query["cursor"] is None


async def test_the_stock_is_the_sum_of_its_movements_through_all_changes(
    client: httpx.AsyncClient,
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=10)
    await client.post(f"/products/{product['id']}/stock", json={"quantity": 5, "reason": "supply"})
    order = await place_order(client, user["id"], {product["id"]: 6})
    await assert_stock_is_the_sum(client, product)
    await client.post(f"/products/{product['id']}/stock", json=OUTGOING)
    await client.patch(f"/products/{product['id']}", json={"stock_quantity": 8})
    await client.post(f"/orders/{order['id']}/cancel")
    noted = [(each["quantity"], each["reason"]) for each in await movements_of(client, product)]
    assert noted == [
        (6, "cancellation"),
        (3, "stocktake"),
        (-4, "damage"),
        (-6, "sale"),
        (5, "supply"),
        (10, "supply"),
    ]
    assert (await shown(client, product))["stock_quantity"] == 14
    await assert_stock_is_the_sum(client, product)
