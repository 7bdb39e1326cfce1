"""Products and movements of stock: invalid values are refused by name and reason."""

import pytest

from app.core.money import format_minor
from app.schemas.catalogue.product_query import ProductQuery
from app.schemas.catalogue.product_schema import ProductChange, ProductCreate
from app.schemas.catalogue.stock_schema import StockMovementCreate
from tests.support.refusals import MOVEMENT, PRODUCT, raw
from tests.test_schemas.judging import UNKNOWN, errors_in_body, errors_in_query, parsed

NO_DECIMAL = "must be a decimal number like 19.99, without a sign"
NO_PRICE = "must be a decimal string or a number"
TOO_MUCH = "must be at most 9999999999.99"
TOO_FINE = "must have at most 2 decimal places (USD)"
TOO_LONG = "must have at most 32 characters"
NO_INTEGER = "must be an integer"
NO_SKU = "must be 1 to 64 of A-Z a-z 0-9 . _ / - and begin with a letter or a digit"
NO_TEXT = "must be one line of text without control characters"
NO_LINE = f"{NO_TEXT}, with at least one visible character"
NO_REASON = "must be 'supply', 'return', 'damage' or 'stocktake'"
NO_STOCK = "must be 'true' or 'false'"
NO_SORT = "must be 'created_at', '-created_at', 'name', '-name', 'price', '-price' or 'relevance'"
TOO_MANY = "must be less than or equal to 1000000000"


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
        ('"' + "0" * 30 + '4.5"', TOO_LONG),
        ('"4.' + "0" * 31 + '"', TOO_LONG),
        ("true", NO_PRICE),
        ("false", NO_PRICE),
        ("null", NO_PRICE),
        ("[]", NO_PRICE),
        ('["4.99"]', NO_PRICE),
        ("{}", NO_PRICE),
    ],
)
def test_an_invalid_price_is_refused(token: str, reason: str) -> None:
    assert errors_in_body(ProductCreate, raw(PRODUCT, "price", token)) == {"#/price": reason}
    change = raw({"name": "Tea"}, "price", token)
    assert errors_in_body(ProductChange, change) == {"#/price": reason}


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
def test_a_price_is_kept_to_the_cent(token: str, price: str) -> None:
    product = parsed(ProductCreate, raw(PRODUCT, "price", token))
    assert format_minor(product.price_minor, "USD") == price


@pytest.mark.parametrize("value", [1, 0, "true", "yes", None, []])
def test_an_invalid_boolean_is_refused(value: object) -> None:
    reason = {"#/is_active": "must be true or false"}
    assert errors_in_body(ProductCreate, PRODUCT | {"is_active": value}) == reason
    assert errors_in_body(ProductChange, {"is_active": value}) == reason


@pytest.mark.parametrize("sku", ["", "a" * 65, "a b", "-a", "/a", "ä", "a\n", "a%00"])
def test_an_invalid_sku_is_refused(sku: str) -> None:
    assert errors_in_body(ProductCreate, PRODUCT | {"sku": sku}) == {"#/sku": NO_SKU}
    assert errors_in_body(ProductChange, {"sku": sku}) == {"#/sku": NO_SKU}


def test_a_sku_may_have_64_characters() -> None:
    assert parsed(ProductCreate, PRODUCT | {"sku": "a" * 64}).sku == "a" * 64


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("-1", "must be greater than or equal to 0"),
        ("1000000001", TOO_MANY),
        ("1" + "0" * 30, TOO_MANY),
        ("1e18", TOO_MANY),
        ("1.5", NO_INTEGER),
        ('"1"', NO_INTEGER),
        ("true", NO_INTEGER),
        ("null", NO_INTEGER),
    ],
)
def test_an_invalid_stock_is_refused(token: str, reason: str) -> None:
    for kind, data in ((ProductCreate, PRODUCT), (ProductChange, {})):
        body = raw(data | {"name": "Tea"}, "stock_quantity", token)
        assert errors_in_body(kind, body) == {"#/stock_quantity": reason}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("0", "must not be 0"),
        ("1000000001", TOO_MANY),
        ("-1000000001", "must be greater than or equal to -1000000000"),
        ("1" + "0" * 30, TOO_MANY),
        ("1.5", NO_INTEGER),
        ('"1"', NO_INTEGER),
        ("true", NO_INTEGER),
    ],
)
def test_an_invalid_quantity_of_a_movement_is_refused(token: str, reason: str) -> None:
    body = raw({"reason": "supply"}, "quantity", token)
    assert errors_in_body(StockMovementCreate, body) == {"#/quantity": reason}


@pytest.mark.parametrize(
    "reason", ["sale", "cancellation", "theft", "SUPPLY", "", None, 1], ids=repr
)
def test_stock_is_moved_only_for_a_reason_that_callers_may_use(reason: object) -> None:
    body = {"quantity": 1, "reason": reason}
    assert errors_in_body(StockMovementCreate, body) == {"#/reason": NO_REASON}


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"note": ""}, {"#/note": "must have at least 1 character"}),
        ({"note": "a\0b"}, {"#/note": NO_LINE}),
        ({"source": "x"}, {"#/source": UNKNOWN}),
    ],
)
def test_an_invalid_note_of_a_movement_is_refused(
    change: dict[str, str], places: dict[str, str]
) -> None:
    assert errors_in_body(StockMovementCreate, MOVEMENT | change) == places


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        ("min_price", "NaN", NO_DECIMAL),
        ("min_price", "-0.01", NO_DECIMAL),
        ("max_price", "-1", NO_DECIMAL),
        ("max_price", "1e400", NO_DECIMAL),
        ("max_price", "dear", NO_DECIMAL),
        ("max_price", "", NO_DECIMAL),
        ("max_price", "1.999", TOO_FINE),
        ("max_price", "0" * 33, TOO_LONG),
        ("q", "", "must have at least 1 character"),
        ("q", "\0", NO_TEXT),
        ("q", "a" * 201, "must have at most 200 characters"),
        ("category", "a\0", NO_TEXT),
        ("category", "a\0b", NO_TEXT),
        ("category", "x" * 401, "must have at most 400 characters"),
        ("in_stock", "1", NO_STOCK),
        ("in_stock", "yes", NO_STOCK),
        ("in_stock", "", NO_STOCK),
        ("sort", "stock_quantity", NO_SORT),
        ("sort", "--price", NO_SORT),
        ("sort", "", NO_SORT),
        ("order", "name", "is not a parameter"),
    ],
)
def test_an_invalid_filter_is_refused(parameter: str, value: str, reason: str) -> None:
    assert errors_in_query(ProductQuery, (parameter, value)) == {parameter: reason}


def test_all_wrong_parameters_are_named() -> None:
    pairs = [("limit", "0"), ("sort", "x"), ("in_stock", "maybe"), ("colour", "red")]
    assert sorted(errors_in_query(ProductQuery, *pairs)) == ["colour", "in_stock", "limit", "sort"]
