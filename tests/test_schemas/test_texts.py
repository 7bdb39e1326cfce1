"""Texts of every schema: invalid ones are refused by name and reason, all others are kept."""

from typing import Any

import pytest

from app.schemas.base import Schema
from app.schemas.catalogue.product_schema import ProductChange, ProductCreate
from app.schemas.catalogue.stock_schema import StockMovementCreate
from app.schemas.identity.user_schema import AddressChange, AddressCreate, UserChange, UserCreate
from app.schemas.orders.order_schema import DeliveryAddress
from tests.support.refusals import ADDRESS, MOVEMENT, PRODUCT, USER
from tests.test_schemas.judging import NO_STRING, errors_in_body, parsed

NO_LINE = "must be one line of text without control characters, with at least one visible character"
NO_TEXT = "must be one line of text without control characters"
NO_PROSE = "must be text without control characters"
NO_EMAIL = "must be an e-mail address"
NO_USERNAME = "must be 3 to 32 of A-Z a-z 0-9 . _ - and begin with a letter or a digit"
NO_SKU = "must be 1 to 64 of A-Z a-z 0-9 . _ / - and begin with a letter or a digit"
ADDED: dict[type[Schema], dict[str, Any]] = {
    ProductCreate: PRODUCT,
    UserCreate: USER,
    AddressCreate: ADDRESS,
    DeliveryAddress: ADDRESS,
    StockMovementCreate: MOVEMENT,
    ProductChange: {},
    UserChange: {},
    AddressChange: {},
}
NAMED = ("recipient", "company", "line2", "phone")
MAY_BE_EMPTY = {"last_name", "city", "postal_code", *NAMED}
PLACES = (AddressCreate, DeliveryAddress, AddressChange)
LINES: list[tuple[type[Schema], str, int]] = [
    *((kind, "name", 200) for kind in (ProductCreate, ProductChange)),
    *((kind, "category", 100) for kind in (ProductCreate, ProductChange)),
    *((kind, "first_name", 100) for kind in (UserCreate, UserChange)),
    *((kind, "last_name", 100) for kind in (UserCreate, UserChange)),
    *((kind, "street", 200) for kind in PLACES),
    *((kind, "city", 100) for kind in PLACES),
    *((kind, "postal_code", 20) for kind in PLACES),
    *((kind, field, 200) for kind in PLACES for field in ("recipient", "company", "line2")),
    *((kind, "phone", 40) for kind in PLACES),
    (StockMovementCreate, "note", 200),
]
TEXTS: list[tuple[type[Schema], str, str]] = [
    *((kind, field, NO_LINE) for kind, field, _ in LINES),
    *((kind, "region", NO_TEXT) for kind in PLACES),
    *((kind, "description", NO_PROSE) for kind in (ProductCreate, ProductChange)),
    *((kind, "sku", NO_SKU) for kind in (ProductCreate, ProductChange)),
    *((kind, "email", NO_EMAIL) for kind in (UserCreate, UserChange)),
    *((kind, "username", NO_USERNAME) for kind in (UserCreate, UserChange)),
]
LONGEST = [
    *LINES,
    *((kind, "region", 100) for kind in PLACES),
    (ProductCreate, "description", 10_000),
]


@pytest.mark.parametrize(("kind", "field", "reason"), TEXTS)
def test_a_control_character_is_refused_in_every_text(
    kind: type[Schema], field: str, reason: str
) -> None:
    for character in "\0\x01\x08\x0b\x1b\x1f\x7f\x80\x9f":
        body = ADDED[kind] | {field: f"a{character}a"}
        assert errors_in_body(kind, body) == {f"#/{field}": reason}


@pytest.mark.parametrize(("kind", "field", "_longest"), LINES)
def test_a_line_break_is_refused_in_a_text_of_one_line(
    kind: type[Schema], field: str, _longest: int
) -> None:
    for character in "\n\r\t\x85\u2028\u2029":
        body = ADDED[kind] | {field: f"a{character}a"}
        assert errors_in_body(kind, body) == {f"#/{field}": NO_LINE}


@pytest.mark.parametrize(("kind", "field", "_longest"), LINES)
def test_a_text_without_visible_characters_is_refused(
    kind: type[Schema], field: str, _longest: int
) -> None:
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
        assert errors_in_body(kind, ADDED[kind] | {field: text}) == {f"#/{field}": NO_LINE}


@pytest.mark.parametrize(("kind", "field", "longest"), LONGEST)
def test_a_text_of_the_maximum_length_is_accepted(
    kind: type[Schema], field: str, longest: int
) -> None:
    kept = parsed(kind, ADDED[kind] | {field: "𝕏" * longest})
    assert getattr(kept, field) == "𝕏" * longest
    long = ADDED[kind] | {field: "𝕏" * (longest + 1)}
    assert errors_in_body(kind, long) == {f"#/{field}": f"must have at most {longest} characters"}


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, field, _ in LINES if field not in MAY_BE_EMPTY]
)
def test_an_empty_line_is_refused(kind: type[Schema], field: str) -> None:
    empty = ADDED[kind] | {field: ""}
    assert errors_in_body(kind, empty) == {f"#/{field}": "must have at least 1 character"}


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, field, _ in LINES if field in MAY_BE_EMPTY]
)
def test_an_optional_name_or_place_may_be_empty(kind: type[Schema], field: str) -> None:
    place = {"country": "SG" if field == "city" else "HK"} if kind in PLACES else {}
    assert getattr(kind.parse(ADDED[kind] | place | {field: ""}), field) == ""


@pytest.mark.parametrize(("kind", "field", "_reason"), TEXTS)
def test_an_invalid_text_is_refused(kind: type[Schema], field: str, _reason: str) -> None:
    values: tuple[object, ...] = (0, 1.5, True, [], {}, None)
    for value in values:
        assert errors_in_body(kind, ADDED[kind] | {field: value}) == {f"#/{field}": NO_STRING}
