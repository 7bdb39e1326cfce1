"""Texts that are none are refused by name and reason; all others are kept as they are."""

from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_address, create_product, create_user, place_order
from tests.support.refusals import (
    ADDRESS,
    JSON,
    MOVEMENT,
    PRODUCT,
    USER,
    places_of,
    raw,
    refused,
    target,
)

NO_LINE = "must be one line of text without control characters, and have something to see"
NO_TEXT = "must be one line of text without control characters"
NO_PROSE = "must be text without control characters"
NO_EMAIL = "must be an e-mail address"
NO_USERNAME = "must be 3 to 32 of A-Z a-z 0-9 . _ - and begin with a letter or a digit"
NO_SKU = "must be 1 to 64 of A-Z a-z 0-9 . _ / - and begin with a letter or a digit"
LINES = [
    ("/products", PRODUCT, "name", 200),
    ("/products", PRODUCT, "category", 100),
    ("/users", USER, "first_name", 100),
    ("/users", USER, "last_name", 100),
    ("/users/{user}/addresses", ADDRESS, "street", 200),
    ("/users/{user}/addresses", ADDRESS, "city", 100),
    ("/users/{user}/addresses", ADDRESS, "postal_code", 20),
    ("/products/{product}/stock", MOVEMENT, "note", 200),
]
TEXTS = [
    *((path, data, field, NO_LINE) for path, data, field, _ in LINES),
    ("/users/{user}/addresses", ADDRESS, "region", NO_TEXT),
    ("/products", PRODUCT, "description", NO_PROSE),
    ("/products", PRODUCT, "sku", NO_SKU),
    ("/users", USER, "email", NO_EMAIL),
    ("/users", USER, "username", NO_USERNAME),
]


@pytest.mark.parametrize(("path", "data", "field", "_reason"), TEXTS)
async def test_half_a_character_is_refused_in_every_text(
    client: httpx.AsyncClient,
    shop: Shop,
    path: str,
    data: dict[str, Any],
    field: str,
    _reason: str,
) -> None:
    where = await target(client, path)
    for token in (r'"\ud800"', r'"x\udfff"', r'"\udfff\ud800"', r'"\ud800\u0041"'):
        content = raw(data, field, token)
        problem = await refused(client, shop, "POST", where, content=content, headers=JSON)
        assert problem["status"] == 400
        assert problem["detail"].startswith("the body is not valid JSON: ")


@pytest.mark.parametrize(("path", "data", "field", "reason"), TEXTS)
async def test_a_control_character_is_refused_in_every_text(
    client: httpx.AsyncClient,
    shop: Shop,
    path: str,
    data: dict[str, Any],
    field: str,
    reason: str,
) -> None:
    where = await target(client, path)
    for character in "\0\x01\x08\x0b\x1b\x1f\x7f\x80\x9f":
        body = data | {field: f"a{character}a"}
        problem = await refused(client, shop, "POST", where, json=body)
        assert places_of(problem) == {f"#/{field}": reason}


@pytest.mark.parametrize(("path", "data", "field", "_longest"), LINES)
async def test_a_second_line_is_refused_where_there_is_one(
    client: httpx.AsyncClient,
    shop: Shop,
    path: str,
    data: dict[str, Any],
    field: str,
    _longest: int,
) -> None:
    where = await target(client, path)
    for character in "\n\r\t\x85\u2028\u2029":
        body = data | {field: f"a{character}a"}
        problem = await refused(client, shop, "POST", where, json=body)
        assert places_of(problem) == {f"#/{field}": NO_LINE}


@pytest.mark.parametrize(("path", "data", "field", "_longest"), LINES)
async def test_a_text_with_nothing_to_see_is_refused(
    client: httpx.AsyncClient,
    shop: Shop,
    path: str,
    data: dict[str, Any],
    field: str,
    _longest: int,
) -> None:
    where = await target(client, path)
    for text in (
        " ",
        "   ",
        "\u00a0",
        "\u2003 \u3000",
        "\u200b",
        "\u200d\u200c",
        "\ufeff",
        "\u2060 ",
    ):
        problem = await refused(client, shop, "POST", where, json=data | {field: text})
        assert places_of(problem) == {f"#/{field}": NO_LINE}


@pytest.mark.parametrize(("path", "data", "field", "longest"), LINES)
async def test_a_text_may_be_as_long_as_it_may_be(
    client: httpx.AsyncClient,
    shop: Shop,
    path: str,
    data: dict[str, Any],
    field: str,
    longest: int,
) -> None:
    where = await target(client, path)
    kept = await client.post(where, json=data | {field: "𝕏" * longest})
    assert kept.status_code == 201
    assert kept.json()["source" if field == "note" else field] == "𝕏" * longest
    problem = await refused(client, shop, "POST", where, json=data | {field: "𝕏" * (longest + 1)})
    assert places_of(problem) == {f"#/{field}": f"must have at most {longest} characters"}
    problem = await refused(client, shop, "POST", where, json=data | {field: ""})
    assert places_of(problem) == {f"#/{field}": "must have at least 1 character"}


@pytest.mark.parametrize(("path", "data", "field", "_reason"), TEXTS)
async def test_what_is_no_text_is_refused(
    client: httpx.AsyncClient,
    shop: Shop,
    path: str,
    data: dict[str, Any],
    field: str,
    _reason: str,
) -> None:
    where = await target(client, path)
    values: tuple[object, ...] = (0, 1.5, True, [], {}, None)
    for value in values:
        problem = await refused(client, shop, "POST", where, json=data | {field: value})
        assert places_of(problem) == {f"#/{field}": "must be a string"}


@pytest.mark.parametrize(
    "name",
    [
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
    ],
)
async def test_a_name_is_returned_byte_for_byte(client: httpx.AsyncClient, name: str) -> None:
    user = await create_user(client, first_name=name)
    product = await create_product(client, name=name, description=f"{name}\n{name}")
    assert user["first_name"] == product["name"] == name
    assert (await client.get(f"/users/{user['id']}")).json()["first_name"] == name
    shown = (await client.get(f"/products/{product['id']}")).json()
    assert (shown["name"], shown["description"]) == (name, f"{name}\n{name}")
    address = await create_address(client, user["id"], city=name)
    order = await place_order(client, user["id"], {product["id"]: 1})
    shown = (await client.get(f"/orders/{order['id']}")).json()
    assert (shown["items"][0]["name"], shown["delivery_address"]["city"]) == (name, address["city"])
    assert address["city"] == name


@pytest.mark.parametrize(
    "email",
    ["ada", "ada@", "@example.com", "ada@example", "ada@.com", "ada@example.", "a b@example.com"]
    + ["ada@exam ple.com", "ada@@example.com", "ada@example.com\n", " ada@example.com"]
    + ["ada@example.com,bob@example.com", "a" * 65 + "@example.com", "ada\u00a0@example.com"]
    + ["ada@example.c\u200bom", "ada\ufeff@example.com", "Ada <ada@example.com>"],
)
async def test_what_is_no_email_address_is_refused(
    client: httpx.AsyncClient, shop: Shop, email: str
) -> None:
    problem = await refused(client, shop, "POST", "/users", json=USER | {"email": email})
    assert places_of(problem) == {"#/email": NO_EMAIL}


@pytest.mark.parametrize(
    "email", ["a" * 64 + "@" + "b" * 186 + ".com", "\ufb2c" * 60 + "@" + "\ufb2c" * 100 + ".com"]
)
async def test_an_email_address_is_measured_as_it_is_kept(
    client: httpx.AsyncClient, shop: Shop, email: str
) -> None:
    problem = await refused(client, shop, "POST", "/users", json=USER | {"email": email})
    assert places_of(problem) == {"#/email": "must have at most 254 characters"}


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("a@b.c", "a@b.c"),
        ("Ada+shop@Example.COM", "Ada+shop@Example.COM"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("жанна@почта.рф", "жанна@почта.рф"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("a" * 64 + "@" + "b" * 185 + ".com", "a" * 64 + "@" + "b" * 185 + ".com"),
        (
            "\u0390" * 64 + "@" + "\u0390" * 185 + ".com",
            "\u0390" * 64 + "@" + "\u0390" * 185 + ".com",
        ),
    ],
)
async def test_an_email_address_may_be_of_any_script(
    client: httpx.AsyncClient, email: str, kept: str
) -> None:
    user = await create_user(client, email=email)
    assert (await client.get(f"/users/{user['id']}")).json()["email"] == kept


@pytest.mark.parametrize(
    "username", ["ab", "a" * 33, "ada lovelace", ".ada", "_ada", "adä", "ada\n"]
)
async def test_what_is_no_username_is_refused(
    client: httpx.AsyncClient, shop: Shop, username: str
) -> None:
    problem = await refused(client, shop, "POST", "/users", json=USER | {"username": username})
    assert places_of(problem) == {"#/username": NO_USERNAME}


@pytest.mark.parametrize("sku", ["", "a" * 65, "a b", "-a", "/a", "ä", "a\n", "a%00"])
async def test_what_is_no_sku_is_refused(client: httpx.AsyncClient, shop: Shop, sku: str) -> None:
    problem = await refused(client, shop, "POST", "/products", json=PRODUCT | {"sku": sku})
    assert places_of(problem) == {"#/sku": NO_SKU}


@pytest.mark.parametrize("country", ["gb", "UK", "XX", "GBR", "", "G", "826", " GB"])
async def test_what_is_no_country_is_refused(
    client: httpx.AsyncClient, shop: Shop, country: str
) -> None:
    where = await target(client, "/users/{user}/addresses")
    problem = await refused(client, shop, "POST", where, json=ADDRESS | {"country": country})
    assert places_of(problem) == {"#/country": "must be a country code of ISO 3166-1 alpha-2"}
