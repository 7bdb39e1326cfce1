"""Input that breaks the rules: refused by name and reason, and without effect."""

import json
from typing import Any

import httpx
import pytest

from app.dependencies import Shop
from tests.factories import create_address, create_product, create_user, place_order
from tests.refusals import JSON, everything, places_of, refused

NOTHING = "0199a1b2-7c00-7d00-8e00-0123456789ab"
PRODUCT = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99"}
USER = {
    "email": "ada@example.com",
    "username": "ada",
    "first_name": "Ada",
    "last_name": "Lovelace",
}
ADDRESS = {
    "street": "12 St James's Square",
    "city": "London",
    "region": "Greater London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}
MOVEMENT = {"quantity": 5, "reason": "supply"}
NO_DECIMAL = "must be a decimal number like 19.99, without a sign"
NO_PRICE = "must be a decimal string or a number"
TOO_MUCH = "must be at most 9999999999.99"
TOO_FINE = "must have at most 2 decimal places (USD)"
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
CREATED = [
    ("/products", PRODUCT),
    ("/users", USER),
    ("/users/{user}/addresses", ADDRESS),
    ("/products/{product}/stock", MOVEMENT),
    ("/orders", {}),
]
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


async def target(client: httpx.AsyncClient, path: str) -> str:
    """Put the ids of a new user and a new product into a path."""
    if "{user}" in path:
        path = path.format(user=(await create_user(client))["id"])
    if "{product}" in path:
        path = path.format(product=(await create_product(client))["id"])
    return path


def raw(data: dict[str, Any], field: str, token: str) -> bytes:
    """Return a JSON object with a field whose value is spelled just so."""
    rest = {name: value for name, value in data.items() if name != field}
    return f'{json.dumps(rest)[:-1]}, "{field}": {token}}}'.encode()


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ('"NaN"', NO_DECIMAL),
        ('"Infinity"', NO_DECIMAL),
        ('"-Infinity"', NO_DECIMAL),
        ('"sNaN"', NO_DECIMAL),
        ('"1e400"', NO_DECIMAL),
        ('"1e2"', NO_DECIMAL),
        ('"-1"', NO_DECIMAL),
        ('"-0"', NO_DECIMAL),
        ('"+1"', NO_DECIMAL),
        ('"1_000"', NO_DECIMAL),
        ('"1,99"', NO_DECIMAL),
        ('" 1"', NO_DECIMAL),
        ('"1\\n"', NO_DECIMAL),
        ('".5"', NO_DECIMAL),
        ('"5."', NO_DECIMAL),
        ('"\u0661"', NO_DECIMAL),
        ('"0x10"', NO_DECIMAL),
        ('"$5"', NO_DECIMAL),
        ('"1\\u0000"', NO_DECIMAL),
        ('""', NO_DECIMAL),
        ("1e400", TOO_MUCH),
        ("1e999999", TOO_MUCH),
        ("1e-400", TOO_FINE),
        ("1E-999999", TOO_FINE),
        ("-1", "must not be negative"),
        ("-0.01", "must not be negative"),
        ("-1e400", "must not be negative"),
        ("4.999", TOO_FINE),
        ('"4.999"', TOO_FINE),
        ("0.001", TOO_FINE),
        ("4.9900000000000000000001", TOO_FINE),
        ("10000000000", TOO_MUCH),
        ('"10000000000.00"', TOO_MUCH),
        ("9999999999.999", TOO_MUCH),
        ("18446744073709551615", TOO_MUCH),
        ('"' + "9" * 5_000 + '"', TOO_MUCH),
        ("true", NO_PRICE),
        ("false", NO_PRICE),
        ("null", NO_PRICE),
        ("[]", NO_PRICE),
        ('["4.99"]', NO_PRICE),
        ("{}", NO_PRICE),
    ],
)
async def test_what_is_no_price_is_refused(
    client: httpx.AsyncClient, shop: Shop, token: str, reason: str
) -> None:
    body = raw(PRODUCT, "price", token)
    problem = await refused(client, shop, "POST", "/products", content=body, headers=JSON)
    assert places_of(problem) == {"#/price": reason}
    product = await create_product(client)
    changed = f"/products/{product['id']}"
    change = raw({"name": "Tea"}, "price", token)
    problem = await refused(client, shop, "PATCH", changed, content=change, headers=JSON)
    assert places_of(problem) == {"#/price": reason}


@pytest.mark.parametrize(
    ("token", "price"),
    [
        ("0", "0.00"),
        ("-0", "0.00"),
        ("-0.0", "0.00"),
        ('"0"', "0.00"),
        ("0.01", "0.01"),
        ("0.29", "0.29"),
        ("4.990", "4.99"),
        ('"4.9900"', "4.99"),
        ('"0004.5"', "4.50"),
        ("1e2", "100.00"),
        ("5", "5.00"),
        ("9999999999.99", "9999999999.99"),
        ('"9999999999.99"', "9999999999.99"),
    ],
)
async def test_a_price_is_kept_to_the_cent(
    client: httpx.AsyncClient, token: str, price: str
) -> None:
    body = raw(PRODUCT, "price", token)
    response = await client.post("/products", content=body, headers=JSON)
    assert (response.status_code, response.json()["price"]) == (201, price)


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
    for value in (0, 1.5, True, [], {}, None):
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
async def test_a_name_is_returned_byte_for_byte(
    client: httpx.AsyncClient, shop: Shop, name: str
) -> None:
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


@pytest.mark.parametrize("value", [1, 0, "true", "yes", None, []])
async def test_what_is_no_boolean_is_refused(
    client: httpx.AsyncClient, shop: Shop, value: object
) -> None:
    problem = await refused(client, shop, "POST", "/products", json=PRODUCT | {"is_active": value})
    assert places_of(problem) == {"#/is_active": "must be true or false"}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("0", "must be greater than or equal to 1"),
        ("-1", "must be greater than or equal to 1"),
        ("1001", "must be less than or equal to 1000"),
        ("9223372036854775808", "must be less than or equal to 1000"),
        ("18446744073709551615", "must be less than or equal to 1000"),
        ("1e18", "must be less than or equal to 1000"),
        ("1e999999", "must be an integer"),
        ("1.5", "must be an integer"),
        ("1e-400", "must be an integer"),
        ('"1"', "must be an integer"),
        ("true", "must be an integer"),
        ("null", "must be an integer"),
        ("[1]", "must be an integer"),
    ],
)
async def test_what_is_no_quantity_is_refused(
    client: httpx.AsyncClient, shop: Shop, token: str, reason: str
) -> None:
    user, product = await create_user(client), await create_product(client)
    good = {"product_id": product["id"], "quantity": 1}
    bad = raw({"product_id": product["id"]}, "quantity", token).decode()
    body = raw({"user_id": user["id"]}, "items", f"[{json.dumps(good)}, {bad}]")
    problem = await refused(client, shop, "POST", "/orders", content=body, headers=JSON)
    assert places_of(problem) == {"#/items/1/quantity": reason}


@pytest.mark.parametrize("token", ["2", "2.0", "2e0", "0.2e1"])
async def test_a_quantity_is_an_integer_however_json_spells_it(
    client: httpx.AsyncClient, token: str
) -> None:
    user, product = await create_user(client), await create_product(client)
    item = raw({"product_id": product["id"]}, "quantity", token).decode()
    body = raw({"user_id": user["id"]}, "items", f"[{item}]")
    response = await client.post("/orders", content=body, headers=JSON)
    assert (response.status_code, response.json()["units"]) == (201, 2)


@pytest.mark.parametrize(
    ("count", "reason"),
    [(0, "must have at least 1 item"), (101, "must have at most 100 items")],
)
async def test_an_order_has_1_to_100_lines(
    client: httpx.AsyncClient, shop: Shop, count: int, reason: str
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=200)
    items = [{"product_id": product["id"], "quantity": 1}] * count
    order = {"user_id": user["id"], "items": items}
    problem = await refused(client, shop, "POST", "/orders", json=order)
    (place,) = problem["errors"]
    assert place["pointer"] == "#/items"
    assert place["detail"].startswith(reason)
    order["items"] = [{"product_id": product["id"], "quantity": 1}] * 100
    assert (await client.post("/orders", json=order)).json()["units"] == 100


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        (0, "must not be 0"),
        (1_000_000_001, "must be less than or equal to 1000000000"),
        (-1_000_000_001, "must be greater than or equal to -1000000000"),
        (1.5, "must be an integer"),
        ("1", "must be an integer"),
    ],
)
async def test_what_moves_no_stock_is_refused(
    client: httpx.AsyncClient, shop: Shop, quantity: object, reason: str
) -> None:
    where = await target(client, "/products/{product}/stock")
    data = {"quantity": quantity, "reason": "supply"}
    problem = await refused(client, shop, "POST", where, json=data)
    assert places_of(problem) == {"#/quantity": reason}


@pytest.mark.parametrize("reason", ["sale", "cancellation", "SUPPLY", "", None, 1])
async def test_stock_is_moved_for_a_reason_of_the_callers_only(
    client: httpx.AsyncClient, shop: Shop, reason: object
) -> None:
    where = await target(client, "/products/{product}/stock")
    data = {"quantity": 1, "reason": reason}
    problem = await refused(client, shop, "POST", where, json=data)
    assert places_of(problem) == {"#/reason": "must be 'supply', 'return', 'damage' or 'stocktake'"}


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
    expected = {"#/user_id": "must be a UUID", "#/items/1/product_id": "must be a UUID"}
    assert places_of(problem) == expected
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
    ["0", "1700000000", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00Z", "now", ""]
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
