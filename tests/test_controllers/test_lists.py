"""Lists are sorted, filtered and counted on request only."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from app.repositories import base
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user, place_order
from tests.support.queries import plan_of, statements_of
from tests.support.refusals import places_of, problem_of
from tests.support.tables import everything

ORDER_SORTS = ["created_at", "-created_at", "number", "-number", "total", "-total"]


async def orders_in(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Place seven orders of three totals, as two users; return them, the oldest first."""
    product = await create_product(client, price="1.50", stock_quantity=1_000)
    users = [await create_user(client), await create_user(client)]
    return [
        await place_order(client, users[number % 2]["id"], {product["id"]: number % 3 + 8})
        for number in range(7)
    ]


def in_order(orders: Sequence[dict[str, Any]], sort: str) -> list[str]:
    """Return the ids of orders in a sort order; amounts are compared as numbers."""
    name = sort.removeprefix("-")

    def key(order: dict[str, Any]) -> tuple[Any, str]:
        return float(order[name]) if name == "total" else order[name], order["id"]

    return [each["id"] for each in sorted(orders, key=key, reverse=sort.startswith("-"))]


async def ids_by(client: httpx.AsyncClient, path: str, **query: Any) -> list[str]:
    """Return the ids of all pages of a list, three at a time."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(path, params={"limit": 3} | query | cursor)).json()
        assert page.keys() == {"items", "next"}
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_orders_are_sorted_as_requested(client: httpx.AsyncClient) -> None:
    orders = await orders_in(client)
    for sort in ORDER_SORTS:
        assert await ids_by(client, "/orders", sort=sort) == in_order(orders, sort), sort
    newest = in_order(orders, "-created_at")
    assert await ids_by(client, "/orders") == newest
    buyer = orders[1]["user_id"]
    own = [each for each in orders if each["user_id"] == buyer]
    assert await ids_by(client, "/orders", sort="-total", user_id=buyer) == in_order(own, "-total")


async def test_an_unknown_sort_of_orders_is_refused(client: httpx.AsyncClient) -> None:
    refused = await client.get("/orders", params={"sort": "status"})
    assert list(places_of(problem_of(refused))) == ["sort"]
    by_total = (await client.get("/orders", params={"sort": "total", "limit": 1})).json()
    assert by_total == {"items": [], "next": None}


async def test_orders_by_total_are_read_from_an_index(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await orders_in(client)
    with statements_of(shop) as statements:
        await client.get("/orders", params={"sort": "-total", "limit": 2})
    assert len(statements) == 1
    plan = await plan_of(shop, statements[0], "seqscan", "bitmapscan", "sort")
    assert "ix_orders_total_minor_id" in plan


async def test_a_product_is_found_by_its_sku(client: httpx.AsyncClient) -> None:
    tea = await create_product(client, sku="TEA-1", category="Tea")
    await create_product(client, sku="TEA-10", category="Tea")
    for query, found in (
        ({"sku": "TEA-1"}, [tea["id"]]),
        ({"sku": "tea-1"}, []),
        ({"sku": "TEA-1", "category": "Coffee"}, []),
    ):
        assert await ids_by(client, "/products", **query) == found
    assert list(places_of(problem_of(await client.get("/products?sku=%20")))) == ["sku"]


async def test_categories_are_those_of_products_for_sale(client: httpx.AsyncClient) -> None:
    assert (await client.get("/categories")).json() == {"items": []}
    for category in ("Tea", "Coffee", "Tea"):
        product = await create_product(client, category=category)
    await create_product(client, category="Secret", is_active=False)
    archived = await create_product(client, category="Coffee")
    await client.delete(f"/products/{archived['id']}")
    coffee, tea = {"name": "Coffee", "products_count": 1}, {"name": "Tea", "products_count": 2}
    items = (await client.get("/categories")).json()["items"]
    assert [{name: each[name] for name in coffee} for each in items] == [coffee, tea]
    await client.patch(f"/products/{product['id']}", json={"category": "Coffee"})
    assert [
        each["products_count"] for each in (await client.get("/categories")).json()["items"]
    ] == [2, 1]


@pytest.mark.parametrize("path", ["/products", "/orders", "/users"])
async def test_a_list_is_counted_only_on_request(
    client: httpx.AsyncClient, shop: Shop, path: str
) -> None:
    await orders_in(client)
    count = {"/products": 1, "/orders": 7, "/users": 2}[path]
    # The list of products is in the cache the second time.
    again = 0 if path == "/products" else 1
    for query, statement_count in (("", 1), ("?count=false", again), ("?count=true&limit=1", 2)):
        with statements_of(shop) as statements:
            page = (await client.get(f"{path}{query}")).json()
        assert len(statements) == statement_count
        assert page.get("total") == (count if "true" in query else None)
        assert ("total" in page) == ("true" in query)


async def test_a_total_counts_all_pages_with_the_filters(client: httpx.AsyncClient) -> None:
    orders = await orders_in(client)
    buyer = orders[0]["user_id"]
    query = {"count": "true", "limit": "1", "user_id": buyer}
    first = (await client.get("/orders", params=query)).json()
    second = (await client.get("/orders", params=query | {"cursor": first["next"]})).json()
    assert (first["total"], second["total"]) == (4, 4)
    nothing = (await client.get("/orders", params=query | {"status": "paid"})).json()
    assert nothing == {"items": [], "next": None, "total": 0}
    await create_product(client, name="Earl Grey")
    for asked, total in (("earl", 1), ("nothing", 0)):
        page = (await client.get("/products", params={"q": asked, "count": "true"})).json()
        assert page["total"] == total


async def test_a_count_ends_at_its_limit(client: httpx.AsyncClient, shop: Shop) -> None:
    await orders_in(client)
    before = await everything(shop)
    with patch.object(base, "MAX_TOTAL", 5), statements_of(shop) as statements:
        page = (await client.get("/orders?count=true&limit=2")).json()
    assert (page["total"], len(page["items"])) == (5, 2)
    assert "LIMIT" in statements[-1].sql.upper()
    assert await everything(shop) == before
