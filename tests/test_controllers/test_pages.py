"""Paged lists: each row once, in order, with one statement per page."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import Clock
from app.core.money import format_minor
from app.wiring.resources import Shop
from tests.support.cached import forget_cached
from tests.support.factories import (
    add_products,
    create_address,
    create_product,
    create_user,
    place_order,
    product_row,
)
from tests.support.queries import statements_of
from tests.support.refusals import places_of, problem_of

SORTS = ["created_at", "-created_at", "name", "-name", "price", "-price"]
PAGES = 8
LIMIT = 7
ROW_ID = "0199a1b27c007d008e000123456789ab"
# Valid and invalid values of a column in a cursor.
EDGES: dict[str, tuple[list[object], list[object]]] = {
    "name": (["Tea"], [1, None, "Tea\0", "\ud800"]),
    "price": ([2**63 - 1, -(2**63)], ["499", 4.99, 2**63, -(2**63) - 1, 10**300]),
    "created_at": (
        [
            "2026-01-31T12:00:00+00:00",
            "0001-01-01T00:00:00+00:00",
            "9999-12-31T23:59:59.999999+00:00",
        ],
        [0, "infinity", "2026-01-31T12:00:00", "9999-12-31T23:59:59-14:00"],
    ),
}


class StoppedClock(Clock):
    """A clock that always returns the same time."""

    def now(self) -> datetime:
        """Return the same time each time."""
        return datetime(2026, 1, 31, 12, tzinfo=UTC)


async def test_all_pages_together_are_the_whole_list(client: httpx.AsyncClient, shop: Shop) -> None:
    products = await _fifty(shop)
    for sort in SORTS:
        pages = await _walk(client, "/products", sort=sort)
        assert [len(page) for page in pages] == [LIMIT] * 7 + [1], sort
        assert _ids(pages) == _sorted(products, sort), sort


async def test_rows_with_the_same_values_come_once_each(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "clock", StoppedClock())
    products = [await create_product(client, name="Tea", price="1.00") for _ in range(20)]
    for sort in SORTS:
        pages = await _walk(client, "/products", sort=sort)
        assert [len(page) for page in pages] == [7, 7, 6], sort
        assert _ids(pages) == _sorted(products, sort), sort


@pytest.mark.parametrize("sort", SORTS)
async def test_an_item_that_is_added_between_pages_shifts_no_other(
    client: httpx.AsyncClient, shop: Shop, sort: str
) -> None:
    products = await _fifty(shop)
    added: list[str] = []

    async def add() -> None:
        for name, price in (("Aa", "0.00"), ("Name 2", "2.00"), ("Zz", "99.00")):
            added.append((await create_product(client, name=name, price=price))["id"])

    ids = _ids(await _walk(client, "/products", add, sort=sort))
    assert [each for each in ids if each not in added] == _sorted(products, sort)
    assert len(set(ids)) == len(ids)


async def test_a_filtered_list_has_pages_too(client: httpx.AsyncClient, shop: Shop) -> None:
    products = [each for each in await _fifty(shop) if each["category"] == "Even"]
    pages = await _walk(client, "/products", sort="price", category="Even", min_price="0.00")
    assert [len(page) for page in pages] == [7, 7, 7, 4]
    assert _ids(pages) == _sorted(products, "price")


async def test_found_words_have_pages_too(client: httpx.AsyncClient, shop: Shop) -> None:
    products = [each for each in await _fifty(shop) if each["category"] == "Odd"]
    pages = await _walk(client, "/products", sort="-name", q="odd name")
    assert _ids(pages) == _sorted(products, "-name")


async def test_a_full_last_page_has_no_next_one(client: httpx.AsyncClient) -> None:
    for _ in range(LIMIT):
        await create_product(client)
    assert (await client.get("/products", params={"limit": LIMIT})).json()["next"] is None
    await create_product(client)
    assert (await client.get("/products", params={"limit": LIMIT})).json()["next"] is not None


async def test_a_page_has_20_items_by_default(client: httpx.AsyncClient) -> None:
    for _ in range(21):
        await create_product(client)
    page = (await client.get("/products")).json()
    assert (len(page["items"]), page["next"] is None) == (20, False)
    for limit in (1, 21, 100):
        page = (await client.get("/products", params={"limit": limit})).json()
        assert (len(page["items"]), page["next"] is None) == (min(limit, 21), limit > 20)


@pytest.mark.parametrize(
    "letter", ["\N{CYRILLIC CAPITAL LETTER YA}", "\N{CJK UNIFIED IDEOGRAPH-8336}", "\U0001f375"]
)
async def test_a_page_may_end_at_the_longest_name(client: httpx.AsyncClient, letter: str) -> None:
    names = [letter * 199 + last for last in "abc"]
    for name in names:
        await create_product(client, name=name)
    found: list[str] = []
    query: dict[str, str | None] = {"sort": "name", "limit": "1"}
    for _ in names:
        response = await client.get("/products", params=query)
        assert response.status_code == 200, response.text
        found += [item["name"] for item in response.json()["items"]]
        query["cursor"] = response.json()["next"]
    assert (found, query["cursor"]) == (names, None)


async def test_every_other_list_has_pages(client: httpx.AsyncClient) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=100)
    users, orders, moved = [user["id"]], [], []
    for _ in range(9):
        users.append((await create_user(client))["id"])
        orders.append((await place_order(client, user["id"], {product["id"]: 1}))["id"])
        data = {"quantity": 1, "reason": "supply"}
        movement = await client.post(f"/products/{product['id']}/stock", json=data)
        moved.append(movement.json()["id"])
    assert _ids(await _walk(client, "/users")) == users[::-1]
    assert _ids(await _walk(client, "/users", role="customer")) == users[::-1]
    assert _ids(await _walk(client, "/orders")) == orders[::-1]
    assert _ids(await _walk(client, "/orders", user_id=user["id"])) == orders[::-1]
    movements = _ids(await _walk(client, f"/products/{product['id']}/stock"))
    assert (len(movements), [each for each in movements if each in moved]) == (19, moved[::-1])


async def test_a_cursor_is_valid_only_for_its_sort_order(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await create_product(client)
    for sort in SORTS:
        page = await client.get("/products", params={"sort": sort, "limit": 1})
        for other in SORTS:
            query = {"sort": other, "limit": 1, "cursor": page.json()["next"]}
            response = await client.get("/products", params=query)
            if other == sort:
                assert (response.status_code, len(response.json()["items"])) == (200, 1)
            else:
                assert _refused_cursor(response) == "belongs to a list in another order"


async def test_a_cursor_has_a_value_of_its_column(client: httpx.AsyncClient) -> None:
    await create_product(client)
    for sort, (values, wrong_values) in EDGES.items():
        for value in (*values, *wrong_values):
            cursor = _packed(json.dumps([sort, value, ROW_ID]).encode())
            response = await client.get("/products", params={"sort": sort, "cursor": cursor})
            if value in values:
                assert (response.status_code, response.json()["next"]) == (200, None)
            else:
                assert _refused_cursor(response) == "is not a cursor of this list"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?limit=100",
        "?q=tea",
        "?q=tea&category=Tea&min_price=1&max_price=9&in_stock=true&sort=-price",
    ],
)
async def test_a_page_of_products_is_one_statement(
    client: httpx.AsyncClient, shop: Shop, query: str
) -> None:
    for _ in range(20):
        await create_product(client)
    # The categories of a name are read once.
    await client.get(f"/products{query}&limit=20" if query else "/products?limit=20")
    await forget_cached(shop)
    with statements_of(shop) as statements:
        response = await client.get(f"/products{query}")
    assert len(response.json()["items"]) == 20
    assert len(statements) == 1


async def test_a_later_page_is_one_statement(client: httpx.AsyncClient, shop: Shop) -> None:
    await _fifty(shop)
    first = (await client.get("/products", params={"limit": 20})).json()
    with statements_of(shop) as statements:
        second = await client.get("/products", params={"limit": 20, "cursor": first["next"]})
    assert len(second.json()["items"]) == 20
    assert len(statements) == 1
    assert "(products.created_at, products.id) <" in statements[0].sql


async def test_a_page_of_any_other_list_is_a_fixed_number_of_statements(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=100)
    for _ in range(20):
        await create_user(client)
        await create_address(client, user["id"])
        await place_order(client, user["id"], {product["id"]: 1})
    counts = {
        "/users": 1,
        "/users?role=customer": 1,
        "/orders": 1,
        f"/orders?user_id={user['id']}&status=pending": 1,
        f"/users/{user['id']}/addresses": 2,
        f"/products/{product['id']}/stock": 2,
    }
    counted = {}
    for path in counts:
        with statements_of(shop) as statements:
            response = await client.get(path)
        assert len(response.json()["items"]) == 20
        counted[path] = len(statements)
    assert counted == counts


async def _fifty(shop: Shop) -> list[dict[str, Any]]:
    start = datetime(2026, 1, 31, 12, tzinfo=UTC)
    rows = [_row(number, start + timedelta(seconds=number)) for number in range(50)]
    async with shop.database.write() as session:
        await add_products(session, rows)
    return [
        {
            "id": str(row["id"]),
            "name": row["name"],
            "price": format_minor(row["price_minor"], "USD"),
            "category": row["category"],
            "created_at": row["created_at"].isoformat(),
        }
        for row in rows
    ]


def _row(number: int, at: datetime) -> dict[str, Any]:
    category = "Odd" if number % 2 else "Even"
    return product_row(f"S{number}", f"Name {number * 7 % 5}", category, number * 3 % 4 * 100, at)


def _sorted(products: list[dict[str, Any]], sort: str) -> list[str]:
    column = sort.removeprefix("-")
    rows = sorted(products, key=lambda each: (each[column], each["id"]))
    return [each["id"] for each in (rows[::-1] if sort.startswith("-") else rows)]


async def _walk(
    client: httpx.AsyncClient, path: str, between: Callable[[], Any] | None = None, **query: str
) -> list[list[str]]:
    pages: list[list[str]] = []
    asked = {"limit": str(LIMIT)} | query
    # A limit above the possible number of pages: a list with a loop must end, too.
    while len(pages) < 4 * PAGES:
        response = await client.get(path, params=asked)
        assert response.status_code == 200, response.text
        page = response.json()
        pages.append([item["id"] for item in page["items"]])
        if page["next"] is None:
            return pages
        if between is not None and len(pages) < PAGES:
            await between()
        asked["cursor"] = page["next"]
    raise AssertionError(f"{path} has no last page")


def _ids(pages: list[list[str]]) -> list[str]:
    return [each for page in pages for each in page]


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _refused_cursor(response: httpx.Response) -> str:
    ((parameter, reason),) = places_of(problem_of(response)).items()
    assert parameter == "cursor"
    return reason
