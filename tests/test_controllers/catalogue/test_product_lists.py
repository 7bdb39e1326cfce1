"""The stock in lists of products over HTTP, by caller."""

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from app.cache.areas.catalogue import CATALOGUE
from app.models import UserRole
from app.wiring.resources import Shop
from tests.support.accounts import someone_of
from tests.support.factories import create_product, create_user, place_order
from tests.support.refusals import problem_of
from tests.test_controllers.catalogue.products import shown
from tests.test_security.people import client_with

WORDS = {0: "out_of_stock", 1: "low", 5: "low", 6: "in_stock", 1_000: "in_stock"}
STOCK = "/products?include=stock"


@pytest_asyncio.fixture(name="anonymous", loop_scope="session")
async def client_without_token(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends no API key."""
    async with client_with(app, None) as its:
        yield its


async def listed(client: httpx.AsyncClient, path: str = "/products") -> list[dict[str, Any]]:
    """Return the items of a list, the oldest first."""
    response = await client.get(path)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items[::-1]


async def test_a_list_shows_the_availability_and_a_product_its_stock(
    client: httpx.AsyncClient,
) -> None:
    products = [await create_product(client, stock_quantity=each) for each in WORDS]
    items = await listed(client)
    assert [each["availability"] for each in items] == list(WORDS.values())
    for product, item in zip(products, items, strict=True):
        assert await shown(client, product) == product
        del product["stock_quantity"], product["updated_at"]
        assert item == product | {"availability": item["availability"]}


async def test_staff_and_keys_see_the_stock_in_lists_too(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, shop: Shop
) -> None:
    products = [await create_product(client, stock_quantity=each) for each in WORDS]
    staff = await someone_of(client, shop, UserRole.STAFF)
    expected = [
        product | {"availability": word}
        for product, word in zip(products, WORDS.values(), strict=True)
    ]
    assert await listed(client, STOCK) == expected
    response = await anonymous.get(f"{STOCK}&in_stock=false&count=true", headers=staff.headers)
    assert response.json() == {"items": expected[:1], "next": None, "total": 1}


async def test_a_list_with_the_stock_is_never_cached(client: httpx.AsyncClient) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=100)
    for left in (100, 99, 98):
        response = await client.get(STOCK)
        assert response.headers["X-Cache"] == "miss"
        (item,) = response.json()["items"]
        assert item == await shown(client, product) | {"availability": "in_stock"}
        assert item["stock_quantity"] == left
        await place_order(client, user["id"], {product["id"]: 1})


@pytest.mark.parametrize(
    "query", ["include=stock", "limit=5&include=", "%69nclude=stock", "include=stock&include=x"]
)
async def test_the_refused_parameter_is_named(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, shop: Shop, query: str
) -> None:
    await create_product(client)
    problem = problem_of(await anonymous.get(f"/products?{query}"))
    assert (problem["status"], problem["type"]) == (401, "urn:problem:unauthenticated")
    assert problem["parameter"] == "include"
    customer = await someone_of(client, shop, UserRole.CUSTOMER)
    problem = problem_of(await anonymous.get(f"/products?{query}", headers=customer.headers))
    assert (problem["status"], problem["type"]) == (403, "urn:problem:forbidden")
    assert (problem["parameter"], problem["needs"]) == ("include", "staff")
    assert "the parameter include" in problem["detail"]


async def test_only_the_stock_can_be_included(client: httpx.AsyncClient) -> None:
    for query in ("include=", "include=orders", "include=stock&include=stock"):
        problem = problem_of(await client.get(f"/products?{query}"))
        assert (problem["status"], problem["errors"][0]["parameter"]) == (400, "include")


async def test_the_etag_of_a_list_is_valid_until_the_list_changes(
    client: httpx.AsyncClient,
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=8)
    etag = (await client.get("/products")).headers["ETag"]
    condition = {"If-None-Match": etag}
    await place_order(client, user["id"], {product["id"]: 2})
    assert (await client.get("/products", headers=condition)).status_code == 304
    order = await place_order(client, user["id"], {product["id"]: 1})
    assert (await listed(client))[0]["availability"] == "low"
    assert (await client.get("/products", headers=condition)).status_code == 200
    assert (await client.post(f"/orders/{order['id']}/cancel")).status_code == 200
    assert (await client.get("/products", headers=condition)).status_code == 304


async def test_an_order_drops_cached_lists_only_if_it_changes_an_availability(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=20)
    drop, dropped = shop.drop, []

    async def note_and_drop(tags: Collection[str], note: UUID | None) -> None:
        dropped.append(CATALOGUE in tags)
        await drop(tags, note)

    monkeypatch.setattr(shop, "drop", note_and_drop)
    for _ in range(2):
        await asyncio.gather(
            *(place_order(client, user["id"], {product["id"]: 1}) for _ in range(4))
        )
    assert dropped and not any(dropped)
    dropped.clear()
    order = await place_order(client, user["id"], {product["id"]: 7})
    assert (await client.post(f"/orders/{order['id']}/cancel")).status_code == 200
    assert dropped == [True, True]


async def test_a_list_by_stock_changes_when_a_product_is_sold_out(
    client: httpx.AsyncClient,
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=2)
    for path, counts in (("in_stock=true", [1, 1, 0]), ("in_stock=false", [0, 0, 1])):
        path = f"/products?{path}"
        found = [len(await listed(client, path))]
        orders = []
        for _ in range(2):
            orders.append(await place_order(client, user["id"], {product["id"]: 1}))
            found.append(len(await listed(client, path)))
        assert found == counts
        for order in orders:
            await client.post(f"/orders/{order['id']}/cancel")
