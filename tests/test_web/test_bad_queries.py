"""Ids, parameters and keys that are none: refused by name and reason, without effect."""

from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.refusals import (
    ADDRESS,
    MOVEMENT,
    NOTHING,
    PRODUCT,
    places_of,
    refused,
)

NO_DECIMAL = "must be a decimal number like 19.99, without a sign"
TOO_FINE = "must have at most 2 decimal places (USD)"
NO_TEXT = "must be one line of text without control characters"


MALFORMED = ["x", "1", NOTHING[:-1], NOTHING + "0", NOTHING.replace("-", "_"), "%00", "null", "-1"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/{}"),
        ("PATCH", "/users/{}"),
        ("DELETE", "/users/{}"),
        ("GET", "/users/{}/addresses"),
        ("GET", "/products/{}"),
        ("GET", "/products/{}/stock"),
        ("GET", "/orders/{}"),
        ("POST", "/orders/{}/cancel"),
    ],
)
async def test_a_malformed_id_in_a_path_is_nowhere(
    client: httpx.AsyncClient, shop: Shop, method: str, path: str
) -> None:
    for malformed in MALFORMED:
        problem = await refused(client, shop, method, path.format(malformed))
        assert problem["status"] == 404


@pytest.mark.parametrize("malformed", ["", "x", NOTHING[:-1], NOTHING + "0", "\0", 1, None, [], {}])
async def test_a_malformed_id_in_a_body_is_refused_by_name(
    client: httpx.AsyncClient, shop: Shop, malformed: object
) -> None:
    user, product = await create_user(client), await create_product(client)
    good = {"product_id": product["id"], "quantity": 1}
    order = {"user_id": malformed, "items": [good, {"product_id": malformed, "quantity": 1}]}
    problem = await refused(client, shop, "POST", "/orders", json=order)
    # Who orders may be left open: users order for themselves.
    places = ["#/user_id"] * (malformed is not None) + ["#/items/1/product_id"]
    assert places_of(problem) == dict.fromkeys(places, "must be a UUID")
    order = {"user_id": user["id"], "items": [good]}
    assert (await client.post("/orders", json=order)).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "data", "code"),
    [
        ("GET", f"/users/{NOTHING}", None, "user-not-found"),
        ("PATCH", f"/users/{NOTHING}", {"first_name": "Eve"}, "user-not-found"),
        ("DELETE", f"/users/{NOTHING}", None, "user-not-found"),
        ("GET", f"/users/{NOTHING}/addresses", None, "user-not-found"),
        ("POST", f"/users/{NOTHING}/addresses", ADDRESS, "user-not-found"),
        ("GET", f"/users/{NOTHING}/addresses/{NOTHING}", None, "address-not-found"),
        ("GET", f"/products/{NOTHING}", None, "product-not-found"),
        ("PATCH", f"/products/{NOTHING}", {"price": 1}, "product-not-found"),
        ("DELETE", f"/products/{NOTHING}", None, "product-not-found"),
        ("GET", f"/products/{NOTHING}/stock", None, "product-not-found"),
        ("POST", f"/products/{NOTHING}/stock", MOVEMENT, "product-not-found"),
        ("GET", f"/orders/{NOTHING}", None, "order-not-found"),
        ("PATCH", f"/orders/{NOTHING}", {"status": "paid"}, "order-not-found"),
        ("POST", f"/orders/{NOTHING}/cancel", None, "order-not-found"),
    ],
)
async def test_an_unknown_id_is_not_found(
    client: httpx.AsyncClient,
    shop: Shop,
    method: str,
    path: str,
    data: dict[str, Any] | None,
    code: str,
) -> None:
    await create_user(client)
    await create_product(client)
    request = {} if data is None else {"json": data}
    problem = await refused(client, shop, method, path, **request)
    assert (problem["status"], problem["type"]) == (404, f"urn:problem:{code}")
    assert NOTHING in problem["detail"]


@pytest.mark.parametrize(
    ("path", "query", "places"),
    [
        ("/products", "limit=0", {"limit": "must be greater than or equal to 1"}),
        ("/products", "limit=101", {"limit": "must be less than or equal to 100"}),
        ("/products", "limit=1_0", {"limit": "must be an integer"}),
        ("/products", "limit=1.0", {"limit": "must be an integer"}),
        ("/products", "limit=%201", {"limit": "must be an integer"}),
        ("/products", "limit=%D9%A1", {"limit": "must be an integer"}),
        ("/products", "limit=", {"limit": "must be an integer"}),
        ("/products", "limit=" + "9" * 5_000, {"limit": "must be an integer"}),
        ("/products", "limit=1&limit=1", {"limit": "must be given once"}),
        ("/products", "min_price=NaN", {"min_price": NO_DECIMAL}),
        ("/products", "max_price=-1", {"max_price": NO_DECIMAL}),
        ("/products", "max_price=1e400", {"max_price": NO_DECIMAL}),
        ("/products", "max_price=1.999", {"max_price": TOO_FINE}),
        ("/products", "max_price=" + "0" * 33, {"max_price": "must have at most 32 characters"}),
        ("/products", "q=", {"q": "must have at least 1 character"}),
        ("/products", "q=%00", {"q": NO_TEXT}),
        ("/products", "q=" + "a" * 201, {"q": "must have at most 200 characters"}),
        ("/products", "category=a%00", {"category": NO_TEXT}),
        ("/products", "in_stock=1", {"in_stock": "must be 'true' or 'false'"}),
        ("/products", "order=name", {"order": "is not a parameter"}),
        ("/users", "email=a%00b", {"email": NO_TEXT}),
        ("/users", "password=x", {"password": "is not a parameter"}),
        ("/users", "role=king", {"role": "must be 'customer', 'staff' or 'admin'"}),
        ("/orders", "user_id=x", {"user_id": "must be a UUID"}),
        ("/orders", "cursor=x", {"cursor": "is not a cursor of this list"}),
    ],
)
async def test_a_wrong_parameter_is_refused_by_name(
    client: httpx.AsyncClient, shop: Shop, path: str, query: str, places: dict[str, str]
) -> None:
    assert places_of(await refused(client, shop, "GET", f"{path}?{query}")) == places


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-31T12:00:00.1234567891Z",
        "0",
        "1700000000",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00Z",
        "now",
        "",
    ]
    + ["2026-01-31 12:00:00Z", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z"]
    + ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "%D9%A2026-01-31T12:00:00Z"],
)
async def test_what_is_no_moment_is_refused(
    client: httpx.AsyncClient, shop: Shop, moment: str
) -> None:
    for parameter in ("placed_from", "placed_before"):
        problem = await refused(client, shop, "GET", f"/orders?{parameter}={moment}")
        assert list(places_of(problem)) == [parameter]


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "2026-01-31t12:00:00.123456789%2B05:30",
    ],
)
@pytest.mark.parametrize("parameter", ["placed_from", "placed_before"])
async def test_the_ends_of_time_are_moments(
    client: httpx.AsyncClient, parameter: str, moment: str
) -> None:
    response = await client.get(f"/orders?{parameter}={moment}")
    assert (response.status_code, response.json()) == (200, {"items": [], "next": None})


async def test_a_period_that_ends_before_it_begins_is_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    query = "placed_from=2026-02-01T00:00:00Z&placed_before=2026-01-01T00:00:00Z"
    problem = await refused(client, shop, "GET", f"/orders?{query}")
    assert places_of(problem) == {"placed_before": "must be later than placed_from"}


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "a" * 256, 'a"b', '"', '""', "a\tb"])
async def test_what_is_no_idempotency_key_is_refused(
    client: httpx.AsyncClient, shop: Shop, key: str
) -> None:
    headers = {"Idempotency-Key": key.encode()}
    problem = await refused(client, shop, "POST", "/products", json=PRODUCT, headers=headers)
    reason = "must have 1 to 255 visible ASCII characters"
    assert places_of(problem) == {"Idempotency-Key": reason}
