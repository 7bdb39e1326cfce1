"""Products and their stock over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.factories import create_product, create_user, place_order
from tests.machines import NAME

NOTHING = "0199a1b2-7c00-7d00-8e00-0123456789ab"
OUTGOING = {"quantity": -4, "reason": "damage"}


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
    shown = await client.get(f"/products/{body['id']}")
    assert (shown.json(), shown.headers["ETag"]) == (body, response.headers["ETag"])


async def test_a_product_needs_no_description_and_no_stock(client: httpx.AsyncClient) -> None:
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": 5}
    product = (await client.post("/products", json=data)).json()
    assert (product["description"], product["price"]) == ("", "5.00")
    assert (product["stock_quantity"], product["is_active"]) == (0, True)
    assert await _movements(client, product) == []


async def test_the_first_stock_is_a_supply(client: httpx.AsyncClient) -> None:
    product = await create_product(client, stock_quantity=7)
    (movement,) = await _movements(client, product)
    assert (movement["quantity"], movement["reason"]) == (7, "supply")
    assert movement["product_id"] == product["id"]
    assert (movement["source"], movement["created_at"]) == (NAME, product["created_at"])


@pytest.mark.parametrize(
    "field", ["id", "currency", "version", "archived_at", "search_text", "price_minor"]
)
async def test_a_product_is_not_added_with_what_is_not_its_own(
    client: httpx.AsyncClient, field: str
) -> None:
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00"}
    response = await client.post("/products", json=data | {field: 1})
    assert _refusal(response) == (400, "invalid-input")
    assert [error["pointer"] for error in response.json()["errors"]] == [f"#/{field}"]
    assert await _listed(client) == []


async def test_an_unknown_product_is_not_found(client: httpx.AsyncClient) -> None:
    for response in (
        await client.get(f"/products/{NOTHING}"),
        await client.patch(f"/products/{NOTHING}", json={"name": "Tea"}),
        await client.delete(f"/products/{NOTHING}"),
        await client.get(f"/products/{NOTHING}/stock"),
        await client.post(f"/products/{NOTHING}/stock", json=OUTGOING),
    ):
        assert _refusal(response) == (404, "product-not-found")


async def test_what_the_caller_has_of_a_product_is_not_sent_again(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client)
    for path in (f"/products/{product['id']}", "/products", f"/products/{product['id']}/stock"):
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
    assert await _shown(client, product) == changed
    await _assert_stock_is_the_sum(client, product)


@pytest.mark.parametrize(
    "field", ["sku", "name", "description", "category", "price", "stock_quantity", "is_active"]
)
async def test_null_is_no_value_of_a_product(client: httpx.AsyncClient, field: str) -> None:
    product = await create_product(client)
    response = await client.patch(f"/products/{product['id']}", json={field: None})
    assert _refusal(response) == (400, "invalid-input")
    assert [error["pointer"] for error in response.json()["errors"]] == [f"#/{field}"]
    assert await _shown(client, product) == product


async def test_a_product_that_has_changed_meanwhile_is_not_changed(
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
        assert _refusal(response) == (412, "precondition-failed")
        assert response.json()["etag"] == changed.headers["ETag"]
    assert await _shown(client, product) == changed.json()
    assert len(await _movements(client, product)) == 1
    response = await client.patch(path, json=change, headers={"If-Match": "*"})
    assert (response.status_code, response.json()["version"]) == (200, 3)


@pytest.mark.parametrize(("counted", "difference"), [(3, -7), (25, 15), (0, -10)])
async def test_a_counted_stock_is_noted_as_the_difference(
    client: httpx.AsyncClient, counted: int, difference: int
) -> None:
    product = await create_product(client, stock_quantity=10)
    await client.patch(f"/products/{product['id']}", json={"stock_quantity": counted})
    newest, first = await _movements(client, product)
    assert (newest["quantity"], newest["reason"]) == (difference, "stocktake")
    assert (first["quantity"], first["reason"]) == (10, "supply")
    await _assert_stock_is_the_sum(client, product)


async def test_a_stock_counted_right_is_no_movement(client: httpx.AsyncClient) -> None:
    product = await create_product(client, stock_quantity=10)
    response = await client.patch(f"/products/{product['id']}", json={"stock_quantity": 10})
    assert (response.status_code, response.json()["stock_quantity"]) == (200, 10)
    assert len(await _movements(client, product)) == 1


async def test_a_product_that_is_not_active_is_shown_but_not_sold(
    client: httpx.AsyncClient,
) -> None:
    product, other = await create_product(client), await create_product(client)
    user = await create_user(client)
    response = await client.patch(f"/products/{product['id']}", json={"is_active": False})
    assert await _listed(client) == [other["id"]]
    assert await _shown(client, product) == response.json()
    refused = await _order(client, user, other, product)
    assert _refusal(refused) == (409, "product-not-for-sale")
    assert refused.json()["product_id"] == product["id"]
    assert await _shown(client, product) == response.json()
    assert await _shown(client, other) == other
    assert (await client.get("/orders")).json()["items"] == []
    await client.patch(f"/products/{product['id']}", json={"is_active": True})
    assert await _listed(client) == [other["id"], product["id"]]
    assert (await _order(client, user, product)).status_code == 201


async def test_a_product_added_inactive_is_not_listed(client: httpx.AsyncClient) -> None:
    product = await create_product(client, is_active=False)
    assert await _listed(client) == []
    assert (await _shown(client, product))["is_active"] is False


async def test_an_archived_product_is_gone_from_the_shop(client: httpx.AsyncClient) -> None:
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
        assert _refusal(refused) == (404, "product-not-found")
    assert await _listed(client) == [other["id"]]


async def test_an_order_keeps_its_archived_product(client: httpx.AsyncClient) -> None:
    user, product = await create_user(client), await create_product(client)
    order = await place_order(client, user["id"], {product["id"]: 2})
    await client.delete(f"/products/{product['id']}")
    assert (await client.get(f"/orders/{order['id']}")).json() == order


async def test_the_sku_of_an_archived_product_stays_taken(client: httpx.AsyncClient) -> None:
    product, other = await create_product(client, sku="TEA"), await create_product(client)
    await client.delete(f"/products/{product['id']}")
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00"}
    added = await client.post("/products", json=data)
    changed = await client.patch(f"/products/{other['id']}", json={"sku": "TEA"})
    assert _refusal(added) == _refusal(changed) == (409, "sku-taken")
    assert await _listed(client) == [other["id"]]
    assert await _shown(client, other) == other


async def test_a_sku_is_given_once(client: httpx.AsyncClient) -> None:
    product, other = await create_product(client, sku="TEA"), await create_product(client)
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00", "stock_quantity": 5}
    added = await client.post("/products", json=data)
    change = {"sku": "TEA", "price": "0.01", "stock_quantity": 1}
    changed = await client.patch(f"/products/{other['id']}", json=change)
    for response in (added, changed):
        assert _refusal(response) == (409, "sku-taken")
        assert response.json()["field"] == "sku"
    assert await _listed(client) == [other["id"], product["id"]]
    assert await _shown(client, other) == other
    assert len(await _movements(client, other)) == 1


async def test_of_two_products_added_at_once_one_gets_the_sku(client: httpx.AsyncClient) -> None:
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00", "stock_quantity": 5}
    responses = await asyncio.gather(*(client.post("/products", json=data) for _ in range(4)))
    refusals = [response for response in responses if response.status_code != 201]
    assert [_refusal(response) for response in refusals] == [(409, "sku-taken")] * 3
    assert len(await _listed(client)) == 1


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
    assert (await _movements(client, product))[0] == movement
    changed = {"stock_quantity": left, "updated_at": movement["created_at"]}
    assert await _shown(client, product) == product | changed
    await _assert_stock_is_the_sum(client, product)


async def test_a_movement_without_a_note_comes_from_its_caller(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    response = await client.post(f"/products/{product['id']}/stock", json=OUTGOING)
    assert response.json()["source"] == NAME


async def test_no_more_leaves_than_is_there(client: httpx.AsyncClient) -> None:
    product = await create_product(client, stock_quantity=3)
    response = await client.post(f"/products/{product['id']}/stock", json=OUTGOING)
    assert _refusal(response) == (409, "insufficient-stock")
    short = {"product_id": product["id"], "asked": 4, "available": 3}
    assert response.json()["products"] == [short]
    assert await _shown(client, product) == product
    assert len(await _movements(client, product)) == 1


async def test_what_leaves_at_once_was_there(client: httpx.AsyncClient) -> None:
    product = await create_product(client, stock_quantity=10)
    path = f"/products/{product['id']}/stock"
    responses = await asyncio.gather(*(client.post(path, json=OUTGOING) for _ in range(5)))
    assert sorted(response.status_code for response in responses) == [201, 201, 409, 409, 409]
    assert (await _shown(client, product))["stock_quantity"] == 2
    await _assert_stock_is_the_sum(client, product)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"quantity": 0}, "#/quantity"),
        ({"quantity": 1.5}, "#/quantity"),
        ({"quantity": "1"}, "#/quantity"),
        ({"quantity": True}, "#/quantity"),
        ({"quantity": 1_000_000_001}, "#/quantity"),
        ({"quantity": 10**30}, "#/quantity"),
        ({"reason": "sale"}, "#/reason"),
        ({"reason": "theft"}, "#/reason"),
        ({"note": ""}, "#/note"),
        ({"note": "a\0b"}, "#/note"),
        ({"source": "x"}, "#/source"),
    ],
)
async def test_what_is_no_movement_is_refused(
    client: httpx.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    product = await create_product(client)
    response = await client.post(f"/products/{product['id']}/stock", json=OUTGOING | change)
    assert _refusal(response) == (400, "invalid-input")
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert await _shown(client, product) == product
    assert len(await _movements(client, product)) == 1


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


async def test_the_stock_is_the_sum_of_its_movements_through_a_life(
    client: httpx.AsyncClient,
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=10)
    await client.post(f"/products/{product['id']}/stock", json={"quantity": 5, "reason": "supply"})
    order = await place_order(client, user["id"], {product["id"]: 6})
    await _assert_stock_is_the_sum(client, product)
    await client.post(f"/products/{product['id']}/stock", json=OUTGOING)
    await client.patch(f"/products/{product['id']}", json={"stock_quantity": 8})
    await client.post(f"/orders/{order['id']}/cancel")
    noted = [(each["quantity"], each["reason"]) for each in await _movements(client, product)]
    assert noted == [
        (6, "cancellation"),
        (3, "stocktake"),
        (-4, "damage"),
        (-6, "sale"),
        (5, "supply"),
        (10, "supply"),
    ]
    assert (await _shown(client, product))["stock_quantity"] == 14
    await _assert_stock_is_the_sum(client, product)


async def test_products_are_found_by_category_price_and_stock(client: httpx.AsyncClient) -> None:
    await _fill(client)
    found = {
        query: await _found(client, query)
        for query in (
            "",
            "category=Tea",
            "category=tea",
            "category=Te",
            "category=",
            "min_price=2.00",
            "min_price=2.01",
            "max_price=2",
            "max_price=1.99",
            "min_price=2&max_price=2.00",
            "min_price=3&max_price=2",
            "in_stock=true",
            "in_stock=false",
            "category=Tea&in_stock=true",
            "category=Tea&min_price=1.50&max_price=2.50&in_stock=false",
            "category=Coffee&max_price=3.00&in_stock=true&q=dear",
        )
    }
    assert found == {
        "": "t1 t2 t3 c1 c2",
        "category=Tea": "t1 t2 t3",
        "category=tea": "",
        "category=Te": "",
        "category=": "",
        "min_price=2.00": "t2 t3 c1 c2",
        "min_price=2.01": "t3 c2",
        "max_price=2": "t1 t2 c1",
        "max_price=1.99": "t1",
        "min_price=2&max_price=2.00": "t2 c1",
        "min_price=3&max_price=2": "",
        "in_stock=true": "t1 t3 c2",
        "in_stock=false": "t2 c1",
        "category=Tea&in_stock=true": "t1 t3",
        "category=Tea&min_price=1.50&max_price=2.50&in_stock=false": "t2",
        "category=Coffee&max_price=3.00&in_stock=true&q=dear": "c2",
    }


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("min_price", "-0.01"),
        ("min_price", "NaN"),
        ("max_price", "1e400"),
        ("max_price", "1.999"),
        ("max_price", "dear"),
        ("max_price", ""),
        ("in_stock", "yes"),
        ("in_stock", "1"),
        ("in_stock", ""),
        ("sort", "stock_quantity"),
        ("sort", "--price"),
        ("sort", ""),
        ("category", "a\0b"),
        ("category", "x" * 101),
        ("q", ""),
        ("q", "x" * 201),
    ],
)
async def test_a_filter_that_means_nothing_is_refused(
    client: httpx.AsyncClient, parameter: str, value: str
) -> None:
    response = await client.get("/products", params={parameter: value})
    assert _refusal(response) == (400, "invalid-input")
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]


async def _fill(client: httpx.AsyncClient) -> None:
    for sku, category, price, stock in (
        ("t1", "Tea", "1.00", 1),
        ("t2", "Tea", "2.00", 0),
        ("t3", "Tea", "3.00", 5),
        ("c1", "Coffee", "2.00", 0),
        ("c2", "Coffee", "3.00", 2),
    ):
        name = "Dear" if price == "3.00" else "Cheap"
        await create_product(
            client, sku=sku, name=name, category=category, price=price, stock_quantity=stock
        )


async def _found(client: httpx.AsyncClient, query: str) -> str:
    response = await client.get(f"/products?sort=created_at&{query}")
    assert response.status_code == 200, response.text
    return " ".join(item["sku"] for item in response.json()["items"])


def _refusal(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    return response.status_code, problem["type"].removeprefix("urn:problem:")


async def _order(
    client: httpx.AsyncClient, user: dict[str, Any], *products: dict[str, Any]
) -> httpx.Response:
    items = [{"product_id": product["id"], "quantity": 1} for product in products]
    return await client.post("/orders", json={"user_id": user["id"], "items": items})


async def _listed(client: httpx.AsyncClient) -> list[str]:
    response = await client.get("/products")
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


async def _shown(client: httpx.AsyncClient, product: dict[str, Any]) -> dict[str, Any]:
    response = await client.get(f"/products/{product['id']}")
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def _movements(client: httpx.AsyncClient, product: dict[str, Any]) -> list[dict[str, Any]]:
    response = await client.get(f"/products/{product['id']}/stock", params={"limit": 100})
    assert response.json()["next"] is None
    movements: list[dict[str, Any]] = response.json()["items"]
    return movements


async def _assert_stock_is_the_sum(client: httpx.AsyncClient, product: dict[str, Any]) -> None:
    moved = sum(movement["quantity"] for movement in await _movements(client, product))
    assert (await _shown(client, product))["stock_quantity"] == moved
