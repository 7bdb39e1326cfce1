"""Every schema of the OpenAPI document has bounds, and they are those of the shop."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import BigInteger, String

from app.models import Address, Base, Order, OrderChange, OrderItem, Product, StockMovement, User
from app.schemas.base import Schema
from app.schemas.catalogue.product_schema import ProductListed, ProductRead
from app.schemas.catalogue.stock_schema import StockMovementRead
from app.schemas.identity.user_schema import AddressRead, UserRead
from app.schemas.orders.order_schema import OrderChangeRead, OrderItemRead, OrderSummary
from app.schemas.system.problem_schema import MAX_WORDS
from app.web.docs.openapi_limits import bound
from tests.support.factories import create_address, create_product, create_user, place_order
from tests.test_web.docs.documents import document_of, parts_of
from tests.test_web.test_problems import problems

pytestmark = pytest.mark.any_database

SHOWN: list[tuple[type[Schema], type[Base]]] = [
    (UserRead, User),
    (AddressRead, Address),
    (ProductRead, Product),
    (ProductListed, Product),
    (StockMovementRead, StockMovement),
    (OrderSummary, Order),
    (OrderItemRead, OrderItem),
    (OrderChangeRead, OrderChange),
]
# An export must be complete by law, so its size has no bound.
WHOLE = {
    f"#/components/schemas/{schema}/properties/{name}"
    for schema, names in (
        (
            "UserExport",
            (
                *("orders", "order_drafts", "payments", "refunds", "shipments", "returns"),
                *("invoices", "events"),
            ),
        ),
        (
            "GuestExport",
            (
                *("carts", "orders", "payments", "refunds", "shipments", "returns"),
                *("invoices", "mails"),
            ),
        ),
    )
    for name in names
}
BOUNDS: dict[str, list[tuple[str, ...]]] = {
    "string": [("maxLength", "enum", "const")],
    "array": [("maxItems",)],
    "integer": [("minimum",), ("maximum",), ("format",)],
}


def schemas_of(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every schema that has a type, with its place."""
    for place, part in parts_of(document):
        if isinstance(part.get("type"), str) and "/examples/" not in place:
            yield place, part


async def test_every_text_list_and_integer_has_its_bounds(client: httpx.AsyncClient) -> None:
    found = set()
    for place, schema in schemas_of(await document_of(client)):
        found.add(schema["type"])
        if place in WHOLE:
            assert "maxItems" not in schema
            continue
        for alternatives in BOUNDS.get(schema["type"], []):
            assert schema.keys() & set(alternatives), (place, alternatives)
    assert set(BOUNDS) < found


async def test_an_integer_has_the_format_that_its_bounds_need(client: httpx.AsyncClient) -> None:
    found = {
        schema["format"]: (schema["minimum"], schema["maximum"])
        for _, schema in schemas_of(await document_of(client))
        if schema["type"] == "integer"
    }
    assert found.keys() == {"int32", "int64"}
    assert -(2**31) <= found["int32"][0] and found["int32"][1] < 2**31 <= found["int64"][1]


def test_an_example_that_looks_like_a_schema_stays_unchanged() -> None:
    examples = [{"type": "string", "format": "uuid"}]
    schema: dict[str, Any] = {"type": "string", "format": "uuid", "examples": examples}
    bound({"properties": {"type": schema}})
    assert schema["maxLength"] == 36
    assert examples == [{"type": "string", "format": "uuid"}]


@pytest.mark.parametrize(("schema", "model"), SHOWN)
def test_a_field_of_a_response_has_the_bounds_of_its_column(
    schema: type[Schema], model: type[Base]
) -> None:
    columns = model.__table__.columns
    properties = schema.model_json_schema(mode="serialization", by_alias=False)["properties"]
    compared = 0
    for name, described in properties.items():
        kind = columns[name].type if name in columns else None
        if isinstance(kind, String) and kind.length and described.get("type") == "string":
            assert described["maxLength"] == kind.length, name
            compared += 1
        if isinstance(kind, BigInteger) and described.get("type") == "integer":
            assert -(2**63) <= described["minimum"] <= 1 < described["maximum"] < 2**63, name
            compared += 1
    assert compared


async def test_no_location_is_longer_than_described(
    client: httpx.AsyncClient,
) -> None:
    document = await document_of(client)
    (length,) = {
        part["Location"]["schema"]["maxLength"]
        for _, part in parts_of(document)
        if "Location" in part
    }
    user, product = await create_user(client), await create_product(client)
    address = await create_address(client, user["id"])
    order = await place_order(client, user["id"], {product["id"]: 1})
    base = "/api/v1"
    for path in (
        f"{base}/users/{user['id']}",
        f"{base}/users/{user['id']}/addresses/{address['id']}",
        f"{base}/products/{product['id']}/stock",
        f"{base}/orders/{order['id']}",
    ):
        assert (await client.get(f"http://shop.test{path}")).status_code == 200
        assert len(path) <= length


def test_every_kind_of_refusal_matches_its_description() -> None:
    for kind in problems():
        assert max(len(f"urn:problem:{kind.code}"), len(kind.title)) <= MAX_WORDS
