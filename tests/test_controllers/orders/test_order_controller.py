"""Orders over HTTP: placed completely or not at all, shown and listed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from app.models import User
from app.wiring.resources import Shop
from tests.support.factories import (
    create_address,
    create_product,
    create_user,
    order_in,
    place_order,
)
from tests.support.ledger import assert_conserved, every, movements_of, snapshot, stock_of
from tests.support.machines import NAME
from tests.support.queries import statements_of
from tests.support.refusals import places_of, problem_of

NOBODY = "0199a1b2-7c00-7d00-8e00-0123456789ab"
ADDRESS = {
    "street": "Unter den Linden 1",
    "city": "Berlin",
    "region": "",
    "postal_code": "10117",
    "country": "DE",
}
STATUSES = ("pending", "paid", "shipped", "delivered", "cancelled")
SUMMARY = "id number user_id status units total currency created_at updated_at version".split()


def line(product: dict[str, Any], quantity: int) -> dict[str, Any]:
    """Return a line of a request for an order."""
    return {"product_id": product["id"], "quantity": quantity}


async def post_order(client: httpx.AsyncClient, user: str, *items: Any) -> httpx.Response:
    """Post an order of a user."""
    return await client.post("/orders", json={"user_id": user, "items": items})


async def ids_of(client: httpx.AsyncClient, **query: str) -> list[str]:
    """Return the ids of the listed orders."""
    return [order["id"] for order in await every(client, "/orders", **query)]


async def test_a_placed_order_has_its_products_and_prices(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user = await create_user(client)
    tea = await create_product(client, sku="TEA", name="Tea", price="4.99", stock_quantity=10)
    cup = await create_product(client, sku="CUP", name="Cup", price="12.50", stock_quantity=3)
    before = shop.clock.now()
    response = await post_order(client, user["id"], line(cup, 3), line(tea, 2))
    after = shop.clock.now()
    body = response.json()
    placed_at = body["created_at"]
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/orders/{body['id']}"
    assert UUID(body["id"]).version == 7
    assert before <= datetime.fromisoformat(placed_at) <= after
    assert body == {
        "id": body["id"],
        "number": body["number"],
        "user_id": user["id"],
        "status": "pending",
        "units": 5,
        "total": "47.48",
        "currency": "USD",
        "created_at": placed_at,
        "updated_at": placed_at,
        "version": 1,
        "delivery_address": None,
        "items": [
            line(cup, 3) | {"sku": "CUP", "name": "Cup", "unit_price": "12.50"},
            line(tea, 2) | {"sku": "TEA", "name": "Tea", "unit_price": "4.99"},
        ],
        "history": [
            {"from_status": None, "to_status": "pending", "actor": NAME, "changed_at": placed_at}
        ],
    }
    assert await movements_of(client, cup["id"]) == [("supply", 3), ("sale", -3)]
    assert [await stock_of(client, each["id"]) for each in (tea, cup)] == [8, 0]
    await assert_conserved(client, [tea["id"], cup["id"]])


async def test_a_movement_names_its_order(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    order = await order_in(client, "cancelled", product, 2)
    movements = await every(client, f"/products/{product['id']}/stock")
    assert [each["source"] for each in movements] == [f"order {order['id']}"] * 2 + [NAME]


async def test_a_placed_order_is_shown_as_in_the_response_to_its_request(
    client: httpx.AsyncClient,
) -> None:
    user, product = await create_user(client), await create_product(client)
    await create_address(client, user["id"])
    placed = await post_order(client, user["id"], line(product, 2))
    shown = await client.get(f"/orders/{placed.json()['id']}")
    assert (shown.status_code, shown.content) == (200, placed.content)
    assert shown.headers["ETag"] == placed.headers["ETag"]


async def test_order_numbers_increase(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    numbers = [(await order_in(client, "pending", product))["number"] for _ in range(3)]
    assert 0 < numbers[0] < numbers[1] < numbers[2]


async def test_an_order_keeps_the_data_of_its_products_at_its_time(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client)
    order = await order_in(client, "pending", product, 2)
    change = {"sku": "OTHER", "name": "Other", "price": "99.00"}
    changed = await client.patch(f"/products/{product['id']}", json=change)
    assert changed.status_code == 200
    assert (await client.get(f"/orders/{order['id']}")).json() == order
    assert (await client.delete(f"/products/{product['id']}")).status_code == 204
    assert (await client.get(f"/orders/{order['id']}")).json() == order


async def test_lines_of_one_product_are_added_up(client: httpx.AsyncClient) -> None:
    user = await create_user(client)
    tea, cup = await create_product(client, price="1.10"), await create_product(client, price="0")
    items = [line(tea, 2), line(cup, 1), line(tea, 3)]
    response = await post_order(client, user["id"], *items)
    body = response.json()
    assert [(each["product_id"], each["quantity"]) for each in body["items"]] == [
        (tea["id"], 5),
        (cup["id"], 1),
    ]
    assert (body["units"], body["total"]) == (6, "5.50")
    assert await movements_of(client, tea["id"]) == [("supply", 10), ("sale", -5)]


async def test_the_largest_order_has_an_exact_total(client: httpx.AsyncClient) -> None:
    user = await create_user(client)
    product = await create_product(client, price="9999999999.99", stock_quantity=100_000)
    response = await post_order(client, user["id"], *[line(product, 1000)] * 100)
    assert response.json()["total"] == "999999999999000.00"
    shown = await client.get(f"/orders/{response.json()['id']}")
    assert shown.content == response.content


async def test_an_order_goes_to_the_address_that_it_names(client: httpx.AsyncClient) -> None:
    user, product = await create_user(client), await create_product(client)
    await create_address(client, user["id"])
    order = await place_order(client, user["id"], {product["id"]: 1}, delivery_address=ADDRESS)
    assert order["delivery_address"] == ADDRESS
    assert (await client.get(f"/orders/{order['id']}")).json() == order


async def test_an_order_without_an_address_goes_to_the_primary_one(
    client: httpx.AsyncClient,
) -> None:
    user, product = await create_user(client), await create_product(client)
    await create_address(client, user["id"], street="1 First St")
    second = await create_address(client, user["id"], is_primary=True, region="Kent")
    order = await place_order(client, user["id"], {product["id"]: 1})
    assert order["delivery_address"] == {name: second[name] for name in ADDRESS}
    assert order["delivery_address"]["region"] == "Kent"
    path = f"/users/{user['id']}/addresses/{second['id']}"
    assert (await client.patch(path, json={"street": "9 New St"})).status_code == 200
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(f"/orders/{order['id']}")).json() == order


async def test_placing_an_order_costs_the_same_statements_for_one_line_and_for_twenty(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user = await create_user(client)
    products = [await create_product(client) for _ in range(20)]
    counts = []
    for size in (1, 20):
        with statements_of(shop) as statements:
            await place_order(client, user["id"], {each["id"]: 1 for each in products[:size]})
        counts.append(len(statements))
    assert counts == [9 if shop.database.is_sqlite else 4] * 2


async def test_an_order_by_an_api_key_requires_a_user(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    before = await snapshot(client, product)
    for data in ({"user_id": None}, {}):
        response = await client.post("/orders", json=data | {"items": [line(product, 1)]})
        assert list(places_of(problem_of(response))) == ["#/user_id"]
    assert await snapshot(client, product) == before


async def test_an_unknown_user_cannot_order(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    before = await snapshot(client, product)
    response = await post_order(client, NOBODY, line(product, 1))
    assert response.status_code == 404
    assert response.json()["type"] == "urn:problem:user-not-found"
    assert response.json()["id"] == NOBODY
    assert await snapshot(client, product) == before


async def test_a_user_who_is_not_active_cannot_order(client: httpx.AsyncClient, shop: Shop) -> None:
    user, product = await create_user(client), await create_product(client)
    before = await snapshot(client, product)
    async with shop.database.write() as session:
        row = update(User).where(User.id == UUID(user["id"]))
        await session.execute(row.values(is_active=False))
    response = await post_order(client, user["id"], line(product, 1))
    assert response.status_code == 409
    assert response.json()["type"] == "urn:problem:user-not-active"
    assert response.json()["user_id"] == user["id"]
    assert await snapshot(client, product) == before


async def test_unknown_and_archived_products_refuse_the_whole_order(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    product, archived = await create_product(client), await create_product(client)
    assert (await client.delete(f"/products/{archived['id']}")).status_code == 204
    before = await snapshot(client, product)
    items = [line(product, 1), line({"id": NOBODY}, 1), line(archived, 1)]
    response = await post_order(client, user["id"], *items)
    assert response.status_code == 404
    assert response.json()["type"] == "urn:problem:product-not-found"
    assert response.json()["product_ids"] == sorted([NOBODY, archived["id"]])
    assert await snapshot(client, product) == before


async def test_a_product_that_is_not_for_sale_refuses_the_whole_order(
    client: httpx.AsyncClient,
) -> None:
    user, product = await create_user(client), await create_product(client)
    hidden = await create_product(client, is_active=False)
    before = await snapshot(client, product, hidden)
    response = await post_order(client, user["id"], line(product, 1), line(hidden, 1))
    assert response.status_code == 409
    assert response.json()["type"] == "urn:problem:product-not-for-sale"
    assert response.json()["product_id"] == hidden["id"]
    assert await snapshot(client, product, hidden) == before


async def test_too_little_stock_refuses_the_whole_order_and_names_each_shortage(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    stocks = (4, 100, 0, 7)
    products = [await create_product(client, stock_quantity=stock) for stock in stocks]
    before = await snapshot(client, *products)
    asked = [line(product, 5) for product in products] + [line(products[3], 5)]
    response = await post_order(client, user["id"], *asked)
    assert response.status_code == 409
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "urn:problem:insufficient-stock"
    shortages = sorted(response.json()["products"], key=lambda each: each["product_id"])
    short = [(products[0], 5, 4), (products[2], 5, 0), (products[3], 10, 7)]
    assert shortages == sorted(
        (
            {"product_id": product["id"], "asked": wanted, "available": there}
            for product, wanted, there in short
        ),
        key=lambda each: str(each["product_id"]),
    )
    assert await snapshot(client, *products) == before


async def test_an_order_may_take_the_last_unit(client: httpx.AsyncClient) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=2)
    assert (await post_order(client, user["id"], line(product, 3))).status_code == 409
    assert (await post_order(client, user["id"], line(product, 2))).status_code == 201
    assert (await post_order(client, user["id"], line(product, 1))).status_code == 409
    await assert_conserved(client, [product["id"]])


async def test_an_order_with_the_etag_of_the_caller_is_not_sent_again(
    client: httpx.AsyncClient,
) -> None:
    order = await order_in(client, "pending", await create_product(client))
    path = f"/orders/{order['id']}"
    etag = (await client.get(path)).headers["ETag"]
    for seen in (etag, f'"other", {etag}', f"W/{etag}"):
        response = await client.get(path, headers={"If-None-Match": seen})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == etag
    assert (await client.patch(path, json={"status": "paid"})).status_code == 200
    changed = await client.get(path, headers={"If-None-Match": etag})
    assert (changed.status_code, changed.json()["status"]) == (200, "paid")
    assert changed.headers["ETag"] != etag


@pytest.mark.parametrize(("method", "action"), [("GET", ""), ("PATCH", ""), ("POST", "/cancel")])
async def test_an_unknown_order_is_not_found(
    client: httpx.AsyncClient, method: str, action: str
) -> None:
    body = {"status": "paid"} if method == "PATCH" else None
    response = await client.request(method, f"/orders/{NOBODY}{action}", json=body)
    assert response.status_code == 404
    assert response.json()["type"] == "urn:problem:order-not-found"
    assert response.json()["id"] == NOBODY


async def test_orders_are_listed_from_the_newest_page_by_page(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    placed = [await order_in(client, "pending", product) for _ in range(5)]
    first = (await client.get("/orders", params={"limit": "2"})).json()
    second = (await client.get("/orders", params={"limit": "2", "cursor": first["next"]})).json()
    third = (await client.get("/orders", params={"limit": "2", "cursor": second["next"]})).json()
    assert [len(page["items"]) for page in (first, second, third)] == [2, 2, 1]
    listed = first["items"] + second["items"] + third["items"]
    assert listed == [{name: order[name] for name in SUMMARY} for order in reversed(placed)]
    assert third["next"] is None


async def test_a_new_order_does_not_shift_the_pages_that_follow(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    placed = [(await order_in(client, "pending", product))["id"] for _ in range(4)]
    first = (await client.get("/orders", params={"limit": "2"})).json()
    await order_in(client, "pending", product)
    second = (await client.get("/orders", params={"limit": "2", "cursor": first["next"]})).json()
    assert [order["id"] for order in first["items"] + second["items"]] == placed[::-1]


async def test_orders_are_listed_by_status_and_user(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    orders = {status: await order_in(client, status, product) for status in STATUSES}
    for status, order in orders.items():
        assert await ids_of(client, status=status) == [order["id"]]
        assert await ids_of(client, user_id=order["user_id"]) == [order["id"]]
    paid, shipped = orders["paid"], orders["shipped"]
    assert await ids_of(client, status="paid", user_id=shipped["user_id"]) == []
    assert await ids_of(client, status="paid", user_id=paid["user_id"]) == [paid["id"]]
    assert await ids_of(client, user_id=NOBODY) == []


async def test_orders_are_listed_by_period_its_start_within_and_its_end_without(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    placed = []
    for _ in range(3):
        placed.append(await order_in(client, "pending", product))
        shop.clock.move(timedelta(hours=1))
    shop.clock.move(timedelta(hours=-3))
    first, second, third = [order["id"] for order in placed]
    moments = [order["created_at"] for order in placed]
    assert await ids_of(client, placed_from=moments[1]) == [third, second]
    assert await ids_of(client, placed_before=moments[1]) == [first]
    assert await ids_of(client, placed_from=moments[0], placed_before=moments[2]) == [second, first]
    just_after = datetime.fromisoformat(moments[1]) + timedelta(microseconds=1)
    assert await ids_of(client, placed_from=just_after.isoformat()) == [third]
    assert await ids_of(client, placed_before=just_after.isoformat()) == [second, first]
