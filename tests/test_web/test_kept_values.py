"""Values at the limits are stored in each database and returned unchanged."""

import json
from typing import Any

import httpx
import pytest

from tests.support.factories import create_address, create_product, create_user, place_order
from tests.support.refusals import ADDRESS, JSON, MOVEMENT, PRODUCT, USER, raw, target

pytestmark = pytest.mark.any_database

NAMES = [
    "茶 — 中国",
    "👩‍👩‍👧‍👦 tea",
    "שלום \u202eRTL",
    "zero\u200bwidth",
    "e\u0301 is not é",
    "ﬁ ǅ ß İ ı",
    "a\u0300\u0301\u0302\u0303\u0304",
    "\U0010ffff\ue000",
    " padded ",
    "'; DROP TABLE users; --",
    "<script>alert(1)</script>",
    "\\u0000 %00 \\",
    '"quoted"',
    "null",
]
LONGEST: list[tuple[str, dict[str, Any], dict[str, int]]] = [
    ("/products", PRODUCT, {"name": 200, "category": 100, "description": 10_000}),
    ("/users", USER, {"first_name": 100, "last_name": 100}),
    (
        "/users/{user}/addresses",
        ADDRESS,
        {"street": 200, "city": 100, "region": 100, "postal_code": 20}
        | {"recipient": 200, "company": 200, "line2": 200, "phone": 40},
    ),
    ("/products/{product}/stock", MOVEMENT, {"note": 200}),
]


async def test_a_name_is_returned_byte_for_byte(client: httpx.AsyncClient) -> None:
    products = []
    for name in NAMES:
        user = await create_user(client, first_name=name)
        product = await create_product(client, name=name, description=f"{name}\n{name}")
        products.append(product["id"])
        assert user["first_name"] == product["name"] == name
        assert (await client.get(f"/users/{user['id']}")).json()["first_name"] == name
        shown = (await client.get(f"/products/{product['id']}")).json()
        assert (shown["name"], shown["description"]) == (name, f"{name}\n{name}")
    user = await create_user(client)
    place = await create_address(client, user["id"], street=" | ".join(NAMES))
    assert place["street"] == " | ".join(NAMES)
    order = await place_order(client, user["id"], dict.fromkeys(products, 1))
    shown = (await client.get(f"/orders/{order['id']}")).json()
    assert [each["name"] for each in shown["items"]] == NAMES
    assert shown["delivery_address"]["street"] == place["street"]


@pytest.mark.parametrize(("path", "data", "fields"), LONGEST)
async def test_a_text_of_the_maximum_length_is_accepted(
    client: httpx.AsyncClient, path: str, data: dict[str, Any], fields: dict[str, int]
) -> None:
    texts = {field: "𝕏" * length for field, length in fields.items()}
    kept = await client.post(await target(client, path), json=data | texts)
    assert kept.status_code == 201
    if "note" in texts:
        texts["source"] = texts.pop("note")
    assert {field: kept.json()[field] for field in texts} == texts


# With a local part of 64 bytes, the address has the maximum length.
LONG_DOMAIN = f"@{'b' * 63}.{'c' * 63}.{'d' * 57}.com"


async def test_an_email_address_may_be_of_any_script(client: httpx.AsyncClient) -> None:
    for email, kept in (
        ("a@b.c", "a@b.c"),
        ("Ada+shop@Example.COM", "Ada+shop@Example.COM"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("жанна@почта.рф", "жанна@почта.рф"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("a" * 64 + LONG_DOMAIN, "a" * 64 + LONG_DOMAIN),
        ("\u0390" * 32 + LONG_DOMAIN, "\u0390" * 32 + LONG_DOMAIN),
    ):
        user = await create_user(client, email=email)
        assert (await client.get(f"/users/{user['id']}")).json()["email"] == kept


async def test_a_price_is_kept_to_the_cent(client: httpx.AsyncClient) -> None:
    prices = {"-0.0": "0.00", "0.29": "0.29", '"4.9900"': "4.99", "9999999999.99": "9999999999.99"}
    for number, (token, price) in enumerate(prices.items()):
        body = raw(PRODUCT | {"sku": f"TEA-{number}"}, "price", token)
        response = await client.post("/products", content=body, headers=JSON)
        assert (response.status_code, response.json()["price"]) == (201, price)


async def test_a_quantity_is_an_integer_in_any_notation_of_json(client: httpx.AsyncClient) -> None:
    user, product = await create_user(client), await create_product(client)
    for token in ("2", "2.0", "2e0", "0.2e1"):
        item = raw({"product_id": product["id"]}, "quantity", token).decode()
        body = raw({"user_id": user["id"]}, "items", f"[{item}]")
        response = await client.post("/orders", content=body, headers=JSON)
        assert (response.status_code, response.json()["units"]) == (201, 2)


async def test_the_last_value_of_a_repeated_field_counts(client: httpx.AsyncClient) -> None:
    body = raw(PRODUCT, "name", '"First", "name": "Last"')
    response = await client.post("/products", content=body, headers=JSON)
    assert (response.status_code, response.json()["name"]) == (201, "Last")


@pytest.mark.parametrize("parameter", ["placed_from", "placed_before"])
async def test_the_earliest_and_the_latest_moment_are_accepted(
    client: httpx.AsyncClient, parameter: str
) -> None:
    for moment in (
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "2026-01-31t12:00:00.123456789%2B05:30",
    ):
        response = await client.get(f"/orders?{parameter}={moment}")
        assert (response.status_code, response.json()) == (200, {"items": [], "next": None})


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=UTF-8", 'Application/JSON;charset="utf-8"'],
)
async def test_json_is_accepted_with_every_media_type_of_json(
    client: httpx.AsyncClient, content_type: str
) -> None:
    headers = {"Content-Type": content_type}
    response = await client.post("/products", content=json.dumps(PRODUCT), headers=headers)
    assert response.status_code == 201
