"""Bodies that break the rules: refused by name and reason, without effect."""

import json
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.refusals import (
    ADDRESS,
    CREATED,
    JSON,
    MOVEMENT,
    NOTHING,
    PRODUCT,
    USER,
    everything,
    places_of,
    raw,
    refused,
    target,
)

NO_DECIMAL = "must be a decimal number like 19.99, without a sign"
NO_SKU = "must be 1 to 64 of A-Z a-z 0-9 . _ / - and begin with a letter or a digit"
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


@pytest.mark.parametrize(
    "token",
    ["NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.", "0x1", "1e", "'1'", "1 2", "tru"]
    + ["1e99999999999999999999", "1" * 5_000, "-" + "1" * 5_000, '"\\x"', '"a', '"\n"', '"\t"']
    + ['"\x00"', "", "1} ", "//", "1,"],
)
async def test_what_is_no_json_is_refused(
    client: httpx.AsyncClient, shop: Shop, token: str
) -> None:
    for field in ("price", "name", "stock_quantity"):
        body = raw(PRODUCT, field, token)
        problem = await refused(client, shop, "POST", "/products", content=body, headers=JSON)
        assert (problem["status"], problem["type"]) == (400, "urn:problem:invalid-input")
        assert problem["detail"].startswith("the body is not valid JSON: ")


@pytest.mark.parametrize("reader", ["POST", "PATCH"])
@pytest.mark.parametrize("content", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("key", [None, "a-key"])
async def test_json_of_100_000_levels_is_refused(
    client: httpx.AsyncClient, shop: Shop, reader: str, content: bytes, key: str | None
) -> None:
    path = "/products" if reader == "POST" else f"/products/{(await create_product(client))['id']}"
    headers = JSON | ({"Idempotency-Key": key} if key else {})
    problem = await refused(client, shop, reader, path, content=content, headers=headers)
    assert problem["status"] == 400
    assert problem["detail"] == "the body is nested too deeply"


@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\x80"]
)
@pytest.mark.parametrize("key", [None, "a-key"])
async def test_a_body_that_is_not_utf_8_is_refused(
    client: httpx.AsyncClient, shop: Shop, bad: bytes, key: str | None
) -> None:
    content = b'{"sku":"TEA","category":"Tea","price":"1","name":"a' + bad + b'"}'
    headers = JSON | ({"Idempotency-Key": key} if key else {})
    problem = await refused(client, shop, "POST", "/products", content=content, headers=headers)
    assert (problem["status"], problem["detail"]) == (400, "the body is not valid UTF-8")


async def test_of_a_field_given_twice_the_last_counts(client: httpx.AsyncClient) -> None:
    body = raw(PRODUCT, "name", '"First", "name": "Last"')
    response = await client.post("/products", content=body, headers=JSON)
    assert (response.status_code, response.json()["name"]) == (201, "Last")


@pytest.mark.parametrize(("path", "data"), CREATED)
async def test_a_body_that_is_not_called_json_is_refused(
    client: httpx.AsyncClient, shop: Shop, path: str, data: dict[str, Any]
) -> None:
    content = json.dumps(data).encode()
    where = await target(client, path)
    for headers in ({}, *({"Content-Type": name} for name in NOT_JSON)):
        problem = await refused(client, shop, "POST", where, content=content, headers=headers)
        assert (problem["status"], problem["type"]) == (415, "urn:problem:unsupported-media-type")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=UTF-8", 'Application/JSON;charset="utf-8"'],
)
async def test_json_may_be_called_by_its_names(
    client: httpx.AsyncClient, content_type: str
) -> None:
    headers = {"Content-Type": content_type}
    response = await client.post("/products", content=json.dumps(PRODUCT), headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize(("path", "_data"), CREATED)
async def test_a_missing_body_is_refused(
    client: httpx.AsyncClient, shop: Shop, path: str, _data: dict[str, Any]
) -> None:
    where = await target(client, path)
    for headers in ({}, JSON, JSON | {"Idempotency-Key": "a-key"}):
        problem = await refused(client, shop, "POST", where, content=b"", headers=headers)
        assert places_of(problem) == {"#": "a JSON body is required"}


@pytest.mark.parametrize(("path", "_data"), CREATED)
async def test_a_body_that_is_no_object_is_refused(
    client: httpx.AsyncClient, shop: Shop, path: str, _data: dict[str, Any]
) -> None:
    where = await target(client, path)
    for content in ("null", "[]", "[{}]", '"text"', "5", "1.5", "true"):
        problem = await refused(client, shop, "POST", where, content=content, headers=JSON)
        assert places_of(problem) == {"#": "must be an object"}


@pytest.mark.parametrize("content", [" ", "\n", "{", "}", "{}{}", "{} x", "\ufeff{}"])
async def test_half_a_body_is_refused(client: httpx.AsyncClient, shop: Shop, content: str) -> None:
    body = content.encode()
    problem = await refused(client, shop, "POST", "/products", content=body, headers=JSON)
    assert problem["status"] == 400
    assert problem["detail"].startswith("the body is not valid JSON: ")


@pytest.mark.parametrize("content", ["null", "[]", '"text"', "5", "1.5", "true"])
async def test_a_line_that_is_no_object_is_refused(
    client: httpx.AsyncClient, shop: Shop, content: str
) -> None:
    body = f'{{"user_id": "{NOTHING}", "items": [{content}]}}'
    problem = await refused(client, shop, "POST", "/orders", content=body, headers=JSON)
    assert places_of(problem) == {"#/items/0": "must be an object"}


UNKNOWN = "is not a field of this document"


@pytest.mark.parametrize(
    ("path", "data", "fields"),
    [
        ("/users", USER, ["id", "role", "is_active", "version", "created_at", "email_key"]),
        ("/products", PRODUCT, ["id", "currency", "price_minor", "archived_at", "search_text"]),
        ("/users/{user}/addresses", ADDRESS, ["id", "user_id", "created_at", ""]),
        ("/products/{product}/stock", MOVEMENT, ["id", "product_id", "source", "created_at"]),
    ],
)
async def test_an_unknown_field_is_refused_by_name(
    client: httpx.AsyncClient, shop: Shop, path: str, data: dict[str, Any], fields: list[str]
) -> None:
    where = await target(client, path)
    for field in fields:
        problem = await refused(client, shop, "POST", where, json=data | {field: "admin"})
        assert places_of(problem) == {f"#/{field}": UNKNOWN}


async def test_an_unknown_field_of_an_order_is_refused_by_name(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    line = {"product_id": product["id"], "quantity": 1}
    order = {"user_id": user["id"], "items": [line]}
    for field in ("id", "number", "status", "total", "total_minor", "currency", "units", "history"):
        problem = await refused(client, shop, "POST", "/orders", json=order | {field: 1})
        assert places_of(problem) == {f"#/{field}": UNKNOWN}
    for field in ("unit_price", "price", "unit_price_minor", "name", "sku"):
        items = [line, line | {field: "0.01"}]
        problem = await refused(client, shop, "POST", "/orders", json=order | {"items": items})
        assert places_of(problem) == {f"#/items/1/{field}": UNKNOWN}
    address = ADDRESS | {"is_primary": True}
    body = order | {"delivery_address": address}
    problem = await refused(client, shop, "POST", "/orders", json=body)
    assert places_of(problem) == {"#/delivery_address/is_primary": UNKNOWN}


@pytest.mark.parametrize("field", ["role", "is_active", "id", "version", "email_key", "a/b~c"])
async def test_a_user_is_not_changed_in_what_is_not_the_users(
    client: httpx.AsyncClient, shop: Shop, field: str
) -> None:
    user = await create_user(client)
    body = {"first_name": "Eve", field: "admin"}
    problem = await refused(client, shop, "PATCH", f"/users/{user['id']}", json=body)
    pointer = field.replace("~", "~0").replace("/", "~1")
    assert places_of(problem) == {f"#/{pointer}": UNKNOWN}


@pytest.mark.parametrize("path", ["/users/{user}", "/products/{product}"])
async def test_a_field_is_not_changed_to_null(
    client: httpx.AsyncClient, shop: Shop, path: str
) -> None:
    data, where = (USER if "user" in path else PRODUCT), await target(client, path)
    for field in data:
        problem = await refused(client, shop, "PATCH", where, json={field: None})
        assert list(places_of(problem)) == [f"#/{field}"]


async def test_every_wrong_field_is_named_at_once(client: httpx.AsyncClient, shop: Shop) -> None:
    data = {"sku": "", "price": "-1", "stock_quantity": -1, "stock": 3}
    problem = await refused(client, shop, "POST", "/products", json=data)
    assert places_of(problem) == {
        "#/sku": NO_SKU,
        "#/name": "is required",
        "#/category": "is required",
        "#/price": NO_DECIMAL,
        "#/stock_quantity": "must be greater than or equal to 0",
        "#/stock": UNKNOWN,
    }


async def test_a_taken_sku_is_refused(client: httpx.AsyncClient, shop: Shop) -> None:
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


async def test_a_refusal_leaves_the_shop_as_it_was_for_the_next_request(
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
