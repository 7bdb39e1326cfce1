"""Pages of lists: valid cursors and parameters are accepted, others are refused by name."""

import base64
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.errors import InvalidInput
from app.schemas.catalogue.product_query import ProductQuery
from app.schemas.page_schema import CURSOR_LENGTH, Cursor, PageQuery
from tests.test_schemas.judging import LISTS, errors_in_query

Kind = type[str] | type[int] | type[datetime]
Value = str | int | datetime
ROW_ID = "0199a1b27c007d008e000123456789ab"
MOMENT = "2026-01-31T12:00:00+00:00"
KINDS: dict[str, Kind] = {"name": str, "price": int, "created_at": datetime}
VALUES: dict[str, Value] = {
    "name": "Tea",
    "price": 499,
    "created_at": datetime(2026, 1, 31, 12, tzinfo=UTC),
}
SORTS = [sign + name for name in KINDS for sign in ("", "-")]
NO_CURSOR = "is not a cursor of this list"
OTHER_ORDER = "belongs to a list in another order"


def cursor_of(sort: str) -> Cursor:
    """Return the cursor of a page in a sort order."""
    return Cursor(order=sort, value=VALUES[sort.removeprefix("-")], id=UUID(ROW_ID))


def packed(content: bytes) -> str:
    """Return a forged cursor with this content."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def reason_of(text: str, sort: str) -> str:
    """Return the reason of the refusal of a cursor."""
    with pytest.raises(InvalidInput) as error:
        Cursor.decode(text, sort, KINDS[sort.removeprefix("-")])
    assert error.value.detail == "the query is not valid"
    ((parameter, reason),) = [tuple(each.values()) for each in error.value.context["errors"]]
    assert parameter == "cursor"
    return str(reason)


@pytest.mark.parametrize("sort", SORTS)
def test_a_cursor_is_valid_only_for_its_sort_order(sort: str) -> None:
    cursor = cursor_of(sort)
    assert Cursor.decode(cursor.encode(), sort, KINDS[sort.removeprefix("-")]) == cursor
    for other in SORTS:
        if other != sort:
            assert reason_of(cursor.encode(), other) == OTHER_ORDER


@pytest.mark.parametrize("sort", SORTS)
def test_a_truncated_cursor_is_refused(sort: str) -> None:
    cursor = cursor_of(sort).encode()
    for length in range(len(cursor)):
        assert reason_of(cursor[:length], sort) == NO_CURSOR


@pytest.mark.parametrize(
    "cursor",
    ["", "0", "null", "not base64!", "%%%", "\N{CYRILLIC SMALL LETTER YA}"]
    + ["\N{TEACUP WITHOUT HANDLE}", "\0", "====", "A" * 1000, "A" * 1500],
)
def test_an_invalid_cursor_is_refused(cursor: str) -> None:
    for sort in SORTS:
        assert reason_of(cursor, sort) == NO_CURSOR


@pytest.mark.parametrize("kind", LISTS)
def test_a_cursor_has_at_most_1500_characters(kind: type[PageQuery]) -> None:
    assert kind.parse_query([("cursor", "A" * CURSOR_LENGTH)]).cursor == "A" * 1500
    too_long = {"cursor": "must have at most 1500 characters"}
    assert errors_in_query(kind, ("cursor", "A" * 1501)) == too_long
    assert errors_in_query(kind, ("cursor", "W" * 10_000)) == too_long


@pytest.mark.parametrize(
    ("sort", "content"),
    [
        ("name", None),
        ("name", 1),
        ("name", {}),
        ("name", {"name": 1, "x": 2, "y": 3}),
        ("name", []),
        ("name", ["name", "Tea"]),
        ("name", ["name", "Tea", ROW_ID, 1]),
        ("name", ["name", None, ROW_ID]),
        ("name", ["name", 1, ROW_ID]),
        ("name", ["name", ["Tea"], ROW_ID]),
        ("name", ["name", "\0", ROW_ID]),
        ("name", ["name", "Tea\0", ROW_ID]),
        ("name", ["name", "\ud800", ROW_ID]),
        ("name", ["name", "Tea\udfff", ROW_ID]),
        ("name", ["name", "Tea", None]),
        ("name", ["name", "Tea", 1]),
        ("name", ["name", "Tea", ""]),
        ("name", ["name", "Tea", ROW_ID + "0"]),
        ("name", ["name", "Tea", "\0" * 32]),
        ("price", ["price", "499", ROW_ID]),
        ("price", ["price", 4.99, ROW_ID]),
        ("price", ["price", True, ROW_ID]),
        ("price", ["price", None, ROW_ID]),
        ("price", ["price", 2**63, ROW_ID]),
        ("price", ["price", -(2**63) - 1, ROW_ID]),
        ("price", ["price", 10**300, ROW_ID]),
        ("price", ["price", float("nan"), ROW_ID]),
        ("price", ["price", float("inf"), ROW_ID]),
        ("created_at", ["created_at", 0, ROW_ID]),
        ("created_at", ["created_at", "", ROW_ID]),
        ("created_at", ["created_at", "now", ROW_ID]),
        ("created_at", ["created_at", "infinity", ROW_ID]),
        ("created_at", ["created_at", "2026-01-31T12:00:00", ROW_ID]),
        ("created_at", ["created_at", "2026-02-30T12:00:00+00:00", ROW_ID]),
        ("created_at", ["created_at", "0001-01-01T00:00:00+14:00", ROW_ID]),
        ("created_at", ["created_at", "9999-12-31T23:59:59-14:00", ROW_ID]),
        ("created_at", ["created_at", "2026-01-31T13:00:00+01:00", ROW_ID]),
    ],
)
def test_a_forged_cursor_is_refused(sort: str, content: object) -> None:
    assert reason_of(packed(json.dumps(content).encode()), sort) == NO_CURSOR


@pytest.mark.parametrize("content", ["abc", [["name"], "Tea", ROW_ID], [None, "Tea", ROW_ID]])
def test_a_forged_sort_order_of_a_cursor_is_refused_as_another_one(content: object) -> None:
    assert reason_of(packed(json.dumps(content).encode()), "name") == OTHER_ORDER


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\xfd",
        b"[" * 700,
        b'["price",' + b"9" * 700 + b',"' + ROW_ID.encode() + b'"]',
        b'["price",1e400,"' + ROW_ID.encode() + b'"]',
        b'["price",-0.0,"' + ROW_ID.encode() + b'"]',
    ],
)
def test_a_cursor_that_is_not_valid_json_is_refused(content: bytes) -> None:
    assert reason_of(packed(content), "price") == NO_CURSOR


@pytest.mark.parametrize(
    ("sort", "value", "meant"),
    [
        ("name", "Tea", "Tea"),
        ("price", 2**63 - 1, 2**63 - 1),
        ("price", -(2**63), -(2**63)),
        ("created_at", MOMENT, VALUES["created_at"]),
        ("created_at", "0001-01-01T00:00:00+00:00", datetime(1, 1, 1, tzinfo=UTC)),
        (
            "created_at",
            "9999-12-31T23:59:59.999999+00:00",
            datetime.max.replace(tzinfo=UTC),
        ),
    ],
)
def test_a_cursor_at_the_bounds_of_its_column_is_accepted(
    sort: str, value: str | int, meant: Value
) -> None:
    cursor = packed(json.dumps([sort, value, ROW_ID]).encode())
    assert Cursor.decode(cursor, sort, KINDS[sort]).value == meant


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("0", "must be greater than or equal to 1"),
        ("-1", "must be greater than or equal to 1"),
        ("101", "must be less than or equal to 100"),
        ("9" * 30, "must be less than or equal to 100"),
        ("9" * 5_000, "must be an integer"),
        ("x", "must be an integer"),
        ("", "must be an integer"),
        ("1.5", "must be an integer"),
        ("1.0", "must be an integer"),
        ("1e1", "must be an integer"),
        ("1_0", "must be an integer"),
        (" 1", "must be an integer"),
        ("\u0661", "must be an integer"),
        ("\0", "must be an integer"),
    ],
)
def test_a_limit_outside_1_to_100_is_refused(limit: str, reason: str) -> None:
    for kind in LISTS:
        assert errors_in_query(kind, ("limit", limit)) == {"limit": reason}


@pytest.mark.parametrize("parameter", ["offset", "page", "Limit", "default_order", "order", "$top"])
def test_an_unknown_parameter_is_refused_by_name(parameter: str) -> None:
    for kind in LISTS:
        assert errors_in_query(kind, (parameter, "1")) == {parameter: "is not a parameter"}


@pytest.mark.parametrize("kind", LISTS)
def test_a_parameter_given_twice_is_refused(kind: type[PageQuery]) -> None:
    for value in ("1", "2"):
        pairs = (("limit", "1"), ("limit", value))
        assert errors_in_query(kind, *pairs) == {"limit": "must be given once"}
    pairs = (("cursor", ""), ("cursor", ""))
    assert errors_in_query(kind, *pairs) == {"cursor": "must be given once"}


@pytest.mark.parametrize("limit", ["1", "21", "100", "007"])
def test_a_limit_within_1_to_100_is_accepted(limit: str) -> None:
    assert ProductQuery.parse_query([("limit", limit)]).limit == int(limit)
