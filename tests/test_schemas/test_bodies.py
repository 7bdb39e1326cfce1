"""Bodies of every schema: bodies that are not objects and unknown fields are refused."""

import json
from typing import Any

import pytest

from app.schemas.base import Change, Schema
from app.schemas.catalogue.product_schema import ProductChange, ProductCreate
from app.schemas.catalogue.stock_schema import StockMovementCreate
from app.schemas.identity.user_schema import AddressChange, AddressCreate, UserChange, UserCreate
from app.schemas.orders.order_schema import OrderChangeStatus, OrderCreate
from tests.support.refusals import ADDRESS, MOVEMENT, PRODUCT, USER
from tests.test_schemas.judging import LINE, ORDER, UNKNOWN, errors_in_body

NO_DECIMAL = "must be a decimal number like 19.99, without a sign"
NO_SKU = "must be 1 to 64 of A-Z a-z 0-9 . _ / - and begin with a letter or a digit"
NO_OBJECTS = ("null", "[]", "[{}]", '"text"', "5", "1.5", "true")
UNDECLARED: list[tuple[type[Schema], dict[str, Any], list[str]]] = [
    (
        UserCreate,
        USER,
        ["id", "role", "is_active", "version", "created_at", "email_key", "username_key"]
        + ["password_hash", "email_verified_at"],
    ),
    (UserChange, {"first_name": "Eve"}, ["role", "is_active", "id", "version", "email_key"]),
    (
        ProductCreate,
        PRODUCT,
        ["id", "currency", "version", "price_minor", "archived_at", "search_text"],
    ),
    (AddressCreate, ADDRESS, ["id", "user_id", "created_at", ""]),
    (StockMovementCreate, MOVEMENT, ["id", "product_id", "source", "created_at"]),
    (
        OrderCreate,
        ORDER,
        ["id", "number", "status", "total", "total_minor", "currency", "units", "history"],
    ),
    (OrderChangeStatus, {"status": "paid"}, ["id", "version", "total", "user_id"]),
]
NULLABLE = {"barcode", "weight_grams", "low_stock_at", "compare_at_price"}
CHANGES: list[tuple[type[Change], list[str]]] = [
    (UserChange, ["email", "username", "first_name", "last_name", "current_password"]),
    (
        ProductChange,
        ["sku", "name", "description", "category", "price", "stock_quantity", "is_active"]
        + ["barcode", "weight_grams", "tracks_stock", "allows_backorder", "low_stock_at"]
        + ["compare_at_price", "tax_class"],
    ),
    (
        AddressChange,
        ["street", "city", "region", "postal_code", "country", "is_primary"]
        + ["recipient", "company", "line2", "phone", "is_default_billing"],
    ),
]


@pytest.mark.parametrize("content", NO_OBJECTS)
@pytest.mark.parametrize(
    "kind", [ProductCreate, UserCreate, AddressCreate, StockMovementCreate, OrderCreate]
)
def test_a_body_that_is_not_an_object_is_refused(kind: type[Schema], content: str) -> None:
    assert errors_in_body(kind, content.encode()) == {"#": "must be an object"}


@pytest.mark.parametrize("content", NO_OBJECTS)
def test_a_line_that_is_not_an_object_is_refused(content: str) -> None:
    body = ORDER | {"items": [json.loads(content)]}
    assert errors_in_body(OrderCreate, body) == {"#/items/0": "must be an object"}


@pytest.mark.parametrize(("kind", "data", "fields"), UNDECLARED)
def test_an_unknown_field_is_refused_by_name(
    kind: type[Schema], data: dict[str, Any], fields: list[str]
) -> None:
    for field in fields:
        for value in ("admin", 1):
            assert errors_in_body(kind, data | {field: value}) == {f"#/{field}": UNKNOWN}


def test_an_unknown_field_is_named_by_its_pointer() -> None:
    body = {"first_name": "Eve", "a/b~c": "admin"}
    assert errors_in_body(UserChange, body) == {"#/a~1b~0c": UNKNOWN}


def test_an_unknown_field_of_an_order_is_refused_by_name() -> None:
    for field in ("unit_price", "price", "unit_price_minor", "name", "sku"):
        body = ORDER | {"items": [LINE, LINE | {field: "0.01"}]}
        assert errors_in_body(OrderCreate, body) == {f"#/items/1/{field}": UNKNOWN}
    body = ORDER | {"delivery_address": ADDRESS | {"is_primary": True}}
    assert errors_in_body(OrderCreate, body) == {"#/delivery_address/is_primary": UNKNOWN}


@pytest.mark.parametrize(("kind", "fields"), CHANGES)
def test_a_field_is_not_changed_to_null(kind: type[Change], fields: list[str]) -> None:
    assert {field.alias or name for name, field in kind.model_fields.items()} == set(fields)
    for field in set(fields) - NULLABLE:
        assert list(errors_in_body(kind, {field: None})) == [f"#/{field}"]
    for field in set(fields) & NULLABLE:
        assert list(kind.parse({field: None}).changes().values()) == [None]


def test_every_wrong_field_is_named_at_once() -> None:
    body = {"sku": "", "price": "-1", "stock_quantity": -1, "stock": 3}
    assert errors_in_body(ProductCreate, body) == {
        "#/sku": NO_SKU,
        "#/name": "is required",
        "#/category": "is required",
        "#/price": NO_DECIMAL,
        "#/stock_quantity": "must be greater than or equal to 0",
        "#/stock": UNKNOWN,
    }
