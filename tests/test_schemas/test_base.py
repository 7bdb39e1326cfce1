"""Schemas read and write documents, and report their errors."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import Field

from app.errors import InvalidInput
from app.schemas.amounts import WithCurrency
from app.schemas.base import Change, Schema, canonical_json, decode_json, etag_of, unchanged
from app.schemas.catalogue.product_query import ProductQuery
from app.schemas.catalogue.product_schema import ProductChange, ProductCreate
from app.schemas.fields import Amount
from app.schemas.orders.order_schema import OrderCreate, OrderQuery
from app.schemas.page_schema import PageQuery
from tests.support.refusals import PRODUCT, raw

DEEP = {"lists": b"[" * 100_000, "closed lists": b"[" * 100_000 + b"]" * 100_000}
DEEP |= {"objects": b'{"a":' * 100_000, "a field": b'{"name":' + b"[" * 100_000 + b"]" * 100_000}
DEEP |= {"nameless objects": b'{"":' * 60_000}


class Box(Schema):
    """A document for these tests."""

    width_cm: int = Field(alias="width")
    inner: "Box | None" = None
    labels: list[str] = []


class BoxChange(Change):
    """A change of a `Box`."""

    width_cm: int = unchanged(alias="width")
    note: str = unchanged()
    colour: str | None = None


def refusal_of(body: bytes) -> str:
    """Return the reason why a body cannot be decoded."""
    with pytest.raises(InvalidInput) as error:
        decode_json(body)
    assert "errors" not in error.value.context
    return error.value.detail


def errors_of(error: pytest.ExceptionInfo[InvalidInput]) -> list[dict[str, str]]:
    """Return the errors of a refusal by field."""
    errors: list[dict[str, str]] = error.value.context["errors"]
    return errors


def test_a_number_keeps_every_digit_that_was_sent() -> None:
    body = b"[0.1, 1.10, 1e2, 12345678901234567890.123456789, 7, -0, 18446744073709551615]"
    expected = [
        Decimal("0.1"),
        Decimal("1.10"),
        Decimal("1E+2"),
        Decimal("12345678901234567890.123456789"),
        7,
        0,
        2**64 - 1,
    ]
    decoded = decode_json(body)
    assert [repr(each) for each in decoded] == [repr(each) for each in expected]


@pytest.mark.parametrize(
    "token",
    ["NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.", "0x1", "1e", "'1'", "1 2", "tru"]
    + [
        "1e99999999999999999999",
        "1e" + "9" * 30,
        "1" * 5_000,
        "-" + "1" * 5_000,
        '"\\x"',
        '"a',
        '"\n"',
        '"\t"',
    ]
    + ['"\x00"', "", "1} ", "//", "1,", r'"\ud800"', r'"x\udfff"', r'"\udfff\ud800"']
    + [r'"\ud800\u0041"'],
)
def test_invalid_json_is_refused(token: str) -> None:
    for body in (token.encode(), raw(PRODUCT, "name", token), raw(PRODUCT, "price", token)):
        assert refusal_of(body).startswith("the body is not valid JSON: ")


@pytest.mark.parametrize("content", [" ", "\n", "{", "}", "{}{}", "{} x", "\ufeff{}"])
def test_a_truncated_body_is_refused(content: str) -> None:
    assert refusal_of(content.encode()).startswith("the body is not valid JSON: ")


@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\x80"]
)
def test_a_body_that_is_not_utf_8_is_refused(bad: bytes) -> None:
    for body in (b'"' + bad + b'"', b'{"sku":"TEA","name":"a' + bad + b'"}'):
        assert refusal_of(body) == "the body is not valid UTF-8"


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_json_of_100_000_levels_is_refused(body: bytes) -> None:
    assert refusal_of(body) == "the body is nested too deeply"
    assert canonical_json(body) == body


def test_the_last_value_of_a_repeated_field_counts() -> None:
    assert decode_json(b'{"name": "First", "name": "Last"}') == {"name": "Last"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1, "b": [2, {"c": null, "d": true}]}', b'{"b":[2,{"d":true,"c":null}],"a":1}'),
        (b'"\\u0041\\/"', b'"A/"'),
        (b" 5 ", b"5"),
    ],
)
def test_one_document_has_one_canonical_form(one: bytes, other: bytes) -> None:
    assert canonical_json(one) == canonical_json(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(b'{"a": 1}', b'{"a": 2}'), (b"[1, 2]", b"[2, 1]"), (b'{"a": null}', b"{}"), (b"1", b'"1"')],
)
def test_two_documents_have_two_canonical_forms(one: bytes, other: bytes) -> None:
    assert canonical_json(one) != canonical_json(other)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"1e" + b"9" * 30])
def test_bytes_that_are_not_json_stay_unchanged(body: bytes) -> None:
    assert canonical_json(body) == body


@pytest.mark.parametrize(
    ("data", "pointer", "detail"),
    [
        ({}, "#/width", "is required"),
        (
            {"width": "x"},
            "#/width",
            "must be a valid integer, unable to parse string as an integer",
        ),
        ({"width": 1, "inner": {"width": 1, "inner": {}}}, "#/inner/inner/width", "is required"),
        ({"width": 1, "labels": ["a", 2]}, "#/labels/1", "must be a string"),
        ({"width": 1, "labels": {}}, "#/labels", "must be a list"),
        ({"width": 1, "a/b~c": 1}, "#/a~1b~0c", "is not a field of this document"),
        ({"width": 1, "": 1}, "#/", "is not a field of this document"),
        ({"width": 1, "inner": 1.5}, "#/inner", "must be an object"),
        ([], "#", "must be an object"),
        (None, "#", "must be an object"),
        (Decimal("1.5"), "#", "must be an object"),
    ],
)
def test_a_wrong_field_is_named_by_its_pointer(data: object, pointer: str, detail: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Box.parse(data)
    assert errors_of(error) == [{"pointer": pointer, "detail": detail}]


def test_a_field_is_read_only_by_its_name_in_the_api() -> None:
    assert Box.parse({"width": 3}).width_cm == 3
    with pytest.raises(InvalidInput) as error:
        Box.parse({"width_cm": 3})
    assert {each["pointer"] for each in errors_of(error)} == {"#/width", "#/width_cm"}


def test_a_document_is_sent_with_the_names_of_the_api() -> None:
    assert Box(width_cm=3).to_json() == b'{"width":3,"inner":null,"labels":[]}'


def test_an_entity_tag_is_strong_and_depends_on_the_exact_bytes() -> None:
    tag = etag_of(b"tea")
    assert tag == etag_of(b"tea") != etag_of(b"tea ")
    assert tag.startswith('"') and tag.endswith('"') and len(tag) == 26


@pytest.mark.parametrize(
    ("pairs", "parameter", "detail"),
    [
        ([("limit", "x")], "limit", "must be an integer"),
        ([("limit", "1"), ("limit", "1")], "limit", "must be given once"),
        ([("offset", "1")], "offset", "is not a parameter"),
        ([("cursor", "x" * 2_000)], "cursor", "must have at most 1500 characters"),
    ],
)
def test_a_wrong_parameter_is_named(
    pairs: list[tuple[str, str]], parameter: str, detail: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        PageQuery.parse_query(pairs)
    assert errors_of(error) == [{"parameter": parameter, "detail": detail}]


def test_a_query_without_parameters_has_the_defaults() -> None:
    assert PageQuery.parse_query([]) == PageQuery(limit=20, cursor=None)


@pytest.mark.parametrize(
    ("data", "changes"),
    [
        ({}, {}),
        ({"width": 1}, {"width_cm": 1}),
        ({"note": "", "colour": None}, {"note": "", "colour": None}),
    ],
)
def test_a_change_has_only_the_given_fields(
    data: dict[str, Any], changes: Mapping[str, Any]
) -> None:
    assert BoxChange.parse(data).changes() == changes


def test_a_field_of_a_change_may_be_absent_but_not_null() -> None:
    with pytest.raises(InvalidInput) as error:
        BoxChange.parse({"note": None})
    assert errors_of(error) == [{"pointer": "#/note", "detail": "must be a string"}]
    described = BoxChange.model_json_schema()["properties"]
    assert "default" not in described["note"] and described["colour"]["default"] is None


def test_a_price_is_decoded_to_minor_units() -> None:
    assert ProductCreate.parse(PRODUCT).price_minor == 499
    assert ProductCreate.parse(PRODUCT | {"price": Decimal("0.29")}).price_minor == 29
    assert ProductChange.parse({"price": 5}).changes() == {"price_minor": 500}
    query = ProductQuery.parse_query([("min_price", "1"), ("max_price", "2.50")])
    assert (query.min_price, query.max_price) == (100, 250)


def test_a_float_is_not_a_price() -> None:
    with pytest.raises(InvalidInput) as error:
        ProductCreate.parse(PRODUCT | {"price": 0.1})
    assert errors_of(error)[0]["detail"] == "must be a decimal string or a number"


class Offer(WithCurrency):
    """A shown offer."""

    price_minor: Amount = Field(alias="price")
    currency: str
    created_at: datetime


def test_an_amount_is_sent_as_a_decimal_string() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    offer = Offer.model_validate({"price_minor": 5, "currency": "USD", "created_at": now})
    assert (
        offer.to_json() == b'{"price":"0.05","currency":"USD","created_at":"2026-01-31T12:00:00Z"}'
    )


def test_a_moment_is_converted_to_utc() -> None:
    query = OrderQuery.parse_query([("placed_from", "2026-01-31T12:00:00+05:30")])
    assert query.placed_from == datetime(2026, 1, 31, 6, 30, tzinfo=UTC)
    assert query.placed_from.tzinfo is UTC


def test_lines_of_one_product_are_added_up() -> None:
    tea, jam = "0199a1b2-7c00-7d00-8e00-000000000001", "0199a1b2-7c00-7d00-8e00-000000000002"
    lines = [(tea, 1), (jam, 2), (tea, 3)]
    items = [{"product_id": each, "quantity": quantity} for each, quantity in lines]
    order = OrderCreate.parse({"user_id": tea, "items": items})
    assert {str(each): quantity for each, quantity in order.quantities().items()} == {
        tea: 4,
        jam: 2,
    }
