"""Orders: invalid values are refused by name and reason."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.schemas.orders.order_schema import OrderChangeStatus, OrderCreate, OrderQuery
from tests.support.refusals import ADDRESS, raw
from tests.test_schemas.judging import (
    LINE,
    ORDER,
    PRODUCT_ID,
    UNKNOWN,
    errors_in_body,
    errors_in_query,
    parsed,
)

NO_INTEGER = "must be an integer"
NO_UUID = "must be a UUID"
NO_STATUS = "must be 'pending', 'paid', 'shipped', 'delivered' or 'cancelled'"
NO_MOMENT = "must be a moment like 2026-01-31T12:00:00Z"
TOO_FEW = "must be greater than or equal to 1"
TOO_MANY = "must be less than or equal to 1000"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("0", TOO_FEW),
        ("-1", TOO_FEW),
        ("1001", TOO_MANY),
        ("9223372036854775808", TOO_MANY),
        ("18446744073709551615", TOO_MANY),
        ("1e18", TOO_MANY),
        ("1e999999", NO_INTEGER),
        ("1.5", NO_INTEGER),
        ("1e-400", NO_INTEGER),
        ('"1"', NO_INTEGER),
        ('"2"', NO_INTEGER),
        ("true", NO_INTEGER),
        ("null", NO_INTEGER),
        ("[1]", NO_INTEGER),
    ],
)
def test_an_invalid_quantity_is_refused(token: str, reason: str) -> None:
    bad = raw({"product_id": PRODUCT_ID}, "quantity", token).decode()
    body = raw({"user_id": PRODUCT_ID}, "items", f"[{json.dumps(LINE)}, {bad}]")
    assert errors_in_body(OrderCreate, body) == {"#/items/1/quantity": reason}


@pytest.mark.parametrize("token", ["2", "2.0", "2e0", "0.2e1"])
def test_a_quantity_is_an_integer_in_any_notation_of_json(token: str) -> None:
    line = raw({"product_id": PRODUCT_ID}, "quantity", token).decode()
    order = parsed(OrderCreate, raw({"user_id": PRODUCT_ID}, "items", f"[{line}]"))
    assert [each.quantity for each in order.items] == [2]


@pytest.mark.parametrize(
    ("count", "reason"),
    [(0, "must have at least 1 item"), (101, "must have at most 100 items")],
)
def test_an_order_has_1_to_100_lines(count: int, reason: str) -> None:
    ((place, told),) = errors_in_body(OrderCreate, ORDER | {"items": [LINE] * count}).items()
    assert place == "#/items" and told.startswith(reason)
    order = parsed(OrderCreate, ORDER | {"items": [LINE] * 100})
    assert sum(order.quantities().values()) == 100


@pytest.mark.parametrize(
    "malformed",
    ["", "x", "tea", PRODUCT_ID[:-1], PRODUCT_ID + "0", "\0", 1, None, [], {}],
    ids=repr,
)
def test_a_malformed_id_in_a_body_is_refused_by_name(malformed: object) -> None:
    order = {"user_id": malformed, "items": [LINE, LINE | {"product_id": malformed}]}
    # `user_id` may be omitted: users order for themselves.
    places = ["#/user_id"] * (malformed is not None) + ["#/items/1/product_id"]
    assert errors_in_body(OrderCreate, order) == dict.fromkeys(places, NO_UUID)


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"items": [{"product_id": PRODUCT_ID}]}, {"#/items/0/quantity": "is required"}),
        ({"items": [{"quantity": 1}]}, {"#/items/0/product_id": "is required"}),
        ({"items": [LINE | {"price": "0"}]}, {"#/items/0/price": UNKNOWN}),
        ({"items": None}, {"#/items": "must be a list"}),
        ({"total": "0.00"}, {"#/total": UNKNOWN}),
        ({"status": "paid"}, {"#/status": UNKNOWN}),
        (
            {"delivery_address": ADDRESS | {"country": "XX"}},
            {"#/delivery_address/country": "must be a country code of ISO 3166-1 alpha-2"},
        ),
        (
            {"delivery_address": ADDRESS | {"is_primary": True}},
            {"#/delivery_address/is_primary": UNKNOWN},
        ),
    ],
)
def test_an_order_that_is_not_valid_is_refused_by_its_field(
    changes: dict[str, Any], places: dict[str, str]
) -> None:
    assert errors_in_body(OrderCreate, ORDER | changes) == places


@pytest.mark.parametrize("status", ["lost", "PAID", "", None, 1], ids=repr)
def test_an_invalid_status_is_refused(status: object) -> None:
    assert errors_in_body(OrderChangeStatus, {"status": status}) == {"#/status": NO_STATUS}


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        ("status", "lost", NO_STATUS),
        ("user_id", "x", NO_UUID),
        ("user_id", "ada", NO_UUID),
        ("placed_from", "2026-01-01T00:00:00", NO_MOMENT),
        ("placed_before", "yesterday", NO_MOMENT),
        ("colour", "red", "is not a parameter"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(parameter: str, value: str, reason: str) -> None:
    assert errors_in_query(OrderQuery, (parameter, value)) == {parameter: reason}


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
    + ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\u06622026-01-31T12:00:00Z"],
)
def test_an_invalid_moment_is_refused(moment: str) -> None:
    for parameter in ("placed_from", "placed_before"):
        assert list(errors_in_query(OrderQuery, (parameter, moment))) == [parameter]


@pytest.mark.parametrize(
    ("moment", "utc"),
    [
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
        (
            "2026-01-31t12:00:00.123456789+05:30",
            datetime(2026, 1, 31, 6, 30, 0, 123456, tzinfo=UTC),
        ),
    ],
)
@pytest.mark.parametrize("parameter", ["placed_from", "placed_before"])
def test_the_earliest_and_the_latest_moment_are_accepted(
    parameter: str, moment: str, utc: datetime
) -> None:
    assert getattr(OrderQuery.parse_query([(parameter, moment)]), parameter) == utc


@pytest.mark.parametrize("start", ["2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z"])
def test_a_period_that_ends_before_it_begins_is_refused(start: str) -> None:
    pairs = [("placed_from", start), ("placed_before", "2026-01-01T00:00:00Z")]
    reason = {"placed_before": "must be later than placed_from"}
    assert errors_in_query(OrderQuery, *pairs) == reason
