"""Requests that are invalid at the level of HTTP are refused, without effect."""

import json
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.refusals import (
    ADDRESS,
    JSON,
    MOVEMENT,
    NOTHING,
    PRODUCT,
    places_of,
    problem_of,
    raw,
    refused,
)
from tests.support.tables import everything

NO_LINE = "must be one line of text without control characters, with at least one visible character"
NO_TEXT = "must be one line of text without control characters"
NO_PROSE = "must be text without control characters"
NO_CURSOR = "is not a cursor of this list"
NOT_JSON = (
    "",
    "text/plain",
    "text/json",
    "json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/merge-patch+json",
    "application/json; charset=utf-16",
    "application/json; charset=latin-1",
)
DEEP = {"lists": b"[" * 100_000, "closed lists": b"[" * 100_000 + b"]" * 100_000}
DEEP |= {"objects": b'{"":' * 60_000, "a field": b'{"name":' + b"[" * 100_000 + b"]" * 100_000}
ABSENT: list[tuple[str, str, dict[str, Any] | None, str]] = [
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
]


@pytest.mark.any_database
@pytest.mark.parametrize("key", [None, "a-key"])
async def test_json_of_100_000_levels_is_refused(
    client: httpx.AsyncClient, shop: Shop, key: str | None
) -> None:
    product = await create_product(client)
    headers = JSON | ({"Idempotency-Key": key} if key else {})
    before = await everything(shop)
    for method, path in (("POST", "/products"), ("PATCH", f"/products/{product['id']}")):
        for content in DEEP.values():
            response = await client.request(method, path, content=content, headers=headers)
            problem = problem_of(response)
            assert (problem["status"], problem["detail"]) == (400, "the body is nested too deeply")
    assert await everything(shop) == before


@pytest.mark.any_database
@pytest.mark.parametrize("key", [None, "a-key"])
async def test_a_body_that_is_not_utf_8_is_refused(
    client: httpx.AsyncClient, shop: Shop, key: str | None
) -> None:
    headers = JSON | ({"Idempotency-Key": key} if key else {})
    before = await everything(shop)
    for bad in (b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\x80"):
        content = b'{"sku":"TEA","category":"Tea","price":"1","name":"a' + bad + b'"}'
        problem = problem_of(await client.post("/products", content=content, headers=headers))
        assert (problem["status"], problem["detail"]) == (400, "the body is not valid UTF-8")
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_a_body_with_another_content_type_than_json_is_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    before = await everything(shop)
    for headers in ({}, *({"Content-Type": name} for name in NOT_JSON)):
        content = json.dumps(PRODUCT).encode()
        problem = problem_of(await client.post("/products", content=content, headers=headers))
        assert (problem["status"], problem["type"]) == (415, "urn:problem:unsupported-media-type")
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_a_nul_byte_in_a_body_does_not_reach_a_database(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user = f"/users/{(await create_user(client))['id']}"
    product = f"/products/{(await create_product(client))['id']}"
    before = await everything(shop)
    for method, path, data, field, reason in (
        ("POST", "/products", PRODUCT, "name", NO_LINE),
        ("PATCH", user, {"username": "ada"}, "last_name", NO_LINE),
        ("PATCH", user, {"username": "ada"}, "email", "must be an e-mail address"),
        ("POST", f"{user}/addresses", ADDRESS, "region", NO_TEXT),
        ("PATCH", product, {"name": "Tea"}, "description", NO_PROSE),
        ("POST", f"{product}/stock", MOVEMENT, "note", NO_LINE),
    ):
        content = raw(data, field, r'"a\u0000b"')
        response = await client.request(method, path, content=content, headers=JSON)
        assert places_of(problem_of(response)) == {f"#/{field}": reason}
    for name in ("ada\0", "\0", "\0@example.com"):
        response = await client.post("/auth/token", data={"username": name, "password": "x"})
        assert places_of(problem_of(response)) == {"#/username": NO_TEXT}
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_a_nul_byte_in_a_query_does_not_reach_a_database(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    before = await everything(shop)
    for path, parameter, reason in (
        ("/products", "q", NO_TEXT),
        ("/products", "category", NO_TEXT),
        ("/products", "cursor", NO_CURSOR),
        ("/users", "email", NO_TEXT),
        ("/orders", "user_id", "must be a UUID"),
        ("/orders", "placed_from", "must be a moment like 2026-01-31T12:00:00Z"),
    ):
        response = await client.get(f"{path}?{parameter}=a%00b")
        assert places_of(problem_of(response)) == {parameter: reason}
    assert await everything(shop) == before


async def test_an_unknown_id_is_not_found(client: httpx.AsyncClient, shop: Shop) -> None:
    await create_user(client)
    await create_product(client)
    before = await everything(shop)
    for method, path, data, code in ABSENT:
        problem = problem_of(await client.request(method, path, json=data))
        assert (problem["status"], problem["type"]) == (404, f"urn:problem:{code}")
        assert NOTHING in problem["detail"]
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_a_sku_in_use_is_refused(client: httpx.AsyncClient, shop: Shop) -> None:
    await create_product(client, sku="TEA")
    other = await create_product(client)
    problem = await refused(client, shop, "POST", "/products", json=PRODUCT)
    assert (problem["status"], problem["type"], problem["field"]) == (
        409,
        "urn:problem:sku-taken",
        "sku",
    )
    change = {"sku": "TEA", "price": "1.00"}
    problem = await refused(client, shop, "PATCH", f"/products/{other['id']}", json=change)
    assert (problem["status"], problem["type"]) == (409, "urn:problem:sku-taken")


@pytest.mark.any_database
async def test_a_refusal_does_not_affect_the_next_request(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    for _ in range(3):
        await refused(client, shop, "POST", "/orders", json={"user_id": NOTHING, "items": []})
        problem = await refused(client, shop, "DELETE", f"/users/{NOTHING}")
        assert problem["status"] == 404
    before = await everything(shop)
    await create_user(client)
    after = await everything(shop)
    assert len(after["users"]) == len(before["users"]) + 1
