"""Orders are found by their number and by the e-mail address of the buyer."""

from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.accounts import someone
from tests.support.factories import create_product, create_user, place_order
from tests.support.queries import analyze, plan_of, statements_of
from tests.support.refusals import places_of
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_services.invoices.test_gapless import paid_orders
from tests.test_services.test_concurrency import buyers_of

_AS_SQLITE_SAYS = {"uq_orders_number": "(number=?)", "uq_users_email_key": "(email_key=?)"}


async def _find(client: httpx.AsyncClient, **query: Any) -> list[int]:
    response = await client.get("/orders", params=query)
    assert response.status_code == 200, response.text
    return [each["number"] for each in response.json()["items"]]


async def _of_guest(client: httpx.AsyncClient, email: str) -> dict[str, Any]:
    product = await create_product(client)
    return await ordered(await ready(client, {product["id"]: 1}, email=email))


async def _of_user(client: httpx.AsyncClient, email: str) -> dict[str, Any]:
    user = await create_user(client, email=email)
    return await place_order(client, user["id"], {(await create_product(client))["id"]: 1})


async def test_an_order_is_found_by_its_number(client: httpx.AsyncClient) -> None:
    first = await _of_guest(client, "ada@example.com")
    second = await _of_guest(client, "ada@example.com")
    assert await _find(client, number=first["number"]) == [first["number"]]
    assert await _find(client, number=second["number"], status="pending") == [second["number"]]
    assert await _find(client, number=second["number"], status="paid") == []
    assert await _find(client, number=2**31 - 1) == []


async def test_orders_are_found_by_the_address_of_the_user_or_the_guest(
    client: httpx.AsyncClient,
) -> None:
    of_guest = await _of_guest(client, "Ada@Example.com")
    of_user = await _of_user(client, "ADA@example.com")
    other = await _of_guest(client, "ada@example.org")
    found = [of_user["number"], of_guest["number"]]
    for email in ("ada@example.com", "ADA@EXAMPLE.COM"):
        assert await _find(client, email=email) == found
        counted = await client.get("/orders", params={"email": email, "count": "true", "limit": 1})
        assert counted.json()["total"] == 2
    assert await _find(client, email="ada@example.org") == [other["number"]]
    for email in ("ada@example", "da@example.com", "%@example.com", "ada"):
        assert await _find(client, email=email) == [], email


async def test_pages_of_the_search_have_each_order_once_and_in_its_place(
    client: httpx.AsyncClient,
) -> None:
    email = "ada@example.com"
    user = await create_user(client, email=email)
    products = [(await create_product(client, price=price))["id"] for price in ("3.00", "1.00")]
    for number in range(7):
        product = products[number % 2]
        if number % 3:
            await place_order(client, user["id"], {product: number + 1})
        else:
            await ordered(await ready(client, {product: 1}, email=email))
    await _of_guest(client, "bob@example.com")
    for sort in ("created_at", "-created_at", "number", "-number", "total", "-total"):
        query = {"email": email, "sort": sort}
        whole = (await client.get("/orders", params=query)).json()["items"]
        assert len(whole) == 7
        name = sort.removeprefix("-")
        keys = [float(each[name]) if name == "total" else each[name] for each in whole]
        assert keys == sorted(keys, reverse=sort.startswith("-")), sort
        pages: list[Any] = []
        cursor: dict[str, str] = {}
        while len(pages) < 4:
            answer = await client.get("/orders", params={**query, **cursor, "limit": 2})
            pages.append(answer.json()["items"])
            cursor = {"cursor": answer.json()["next"]}
        assert [len(each) for each in pages] == [2, 2, 2, 1] and cursor["cursor"] is None
        assert [order for page in pages for order in page] == whole, sort


async def test_a_customer_finds_no_orders_of_others(client: httpx.AsyncClient) -> None:
    order = await _of_guest(client, "ada@example.com")
    customer = await someone(client)
    own = await place_order(client, customer.id, {order["items"][0]["product_id"]: 1})
    for query, found in (
        ({"number": order["number"]}, []),
        ({"email": "ada@example.com"}, []),
        ({"number": own["number"]}, [own["number"]]),
        ({"email": customer.user["email"]}, [own["number"]]),
    ):
        listed = await client.get("/orders", params=query, headers=customer.headers)
        assert [each["number"] for each in listed.json()["items"]] == found, query


async def test_an_invalid_number_is_refused_by_name(client: httpx.AsyncClient) -> None:
    for number in ("0", "-1", "1.5", "x", "9" * 30):
        refused = await client.get("/orders", params={"number": number})
        assert refused.status_code == 400 and list(places_of(refused.json())) == ["number"]


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        ({"number": 1}, ["uq_orders_number"]),
        (
            {"email": "ada@example.com", "status": "paid"},
            ["ix_orders_email_key", "ix_orders_user_id_created_at_id", "uq_users_email_key"],
        ),
    ],
    ids=["number", "email"],
)
async def test_the_search_reads_indexes(
    client: httpx.AsyncClient, shop: Shop, query: dict[str, Any], indexes: list[str]
) -> None:
    with statements_of(shop) as statements:
        assert await _find(client, **query) == []
    if not shop.database.is_sqlite:
        # In a table without rows, all indexes cost PostgreSQL the same.
        await paid_orders(shop, await create_product(client), 500)
        await buyers_of(shop, 500)
        await analyze(shop, "orders", "users")
    plan = await plan_of(shop, statements[-1], "seqscan")
    if shop.database.is_sqlite:
        # In SQLite, the name of the index of a unique constraint does not contain its column.
        indexes = [_AS_SQLITE_SAYS.get(each, each) for each in indexes]
        assert "SCAN orders" not in plan
    for each in indexes:
        assert each in plan, plan
