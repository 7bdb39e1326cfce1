"""Prices, quantities and counts that are none: refused by name and reason, without effect."""

import json

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.refusals import (
    JSON,
    PRODUCT,
    places_of,
    raw,
    refused,
    target,
)

NO_DECIMAL = "must be a decimal number like 19.99, without a sign"
NO_PRICE = "must be a decimal string or a number"
TOO_MUCH = "must be at most 9999999999.99"
TOO_FINE = "must have at most 2 decimal places (USD)"


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
        ("4.990000000000000000000000000000000001", TOO_FINE),
        ("10000000000", TOO_MUCH),
        ('"10000000000.00"', TOO_MUCH),
        ("9999999999.999", TOO_MUCH),
        ("18446744073709551615", TOO_MUCH),
        ('"' + "9" * 5_000 + '"', TOO_MUCH),
        ('"' + "0" * 30 + '4.5"', "must have at most 32 characters"),
        ('"4.' + "0" * 31 + '"', "must have at most 32 characters"),
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
        ('"' + "0" * 29 + '4.5"', "4.50"),
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
