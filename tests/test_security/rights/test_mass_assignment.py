"""A body sets what its schema declares, and nothing else."""

from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from app.schemas.base import Schema
from app.wiring.resources import Shop
from tests.support.refusals import places_of, problem_of
from tests.support.tables import everything
from tests.test_security.rights.matrix import MATRIX
from tests.test_security.rights.paths import BASKET, PLACE, SHIRT, THING, VARIANT, Row, routes_of
from tests.test_security.rights.world import World, world_of

pytestmark = pytest.mark.any_database

FIELDS: dict[str, Any] = {
    "role": "admin",
    "is_active": True,
    "price": "0.01",
    "total": "0.01",
    "status": "paid",
    "user_id": "{other_id}",
    "stock_quantity": 1_000,
    "created_at": "2020-01-01T00:00:00Z",
    "id": "0199a1b2-7c00-7d00-8e00-0123456789ab",
    "version": 7,
    "password_hash": "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA",
    "email_verified_at": "2020-01-01T00:00:00Z",
    "is_email_verified": True,
    # The internal names of the fields above.
    "price_minor": 1,
    "total_minor": 1,
    "actor": "system",
}
DECLARED = {
    "POST /api/v1/products": {"is_active", "price", "stock_quantity"},
    "PATCH /api/v1/products/{product_id}": {"is_active", "price", "stock_quantity"},
    f"POST {SHIRT}/variants": {"is_active", "price", "stock_quantity"},
    f"POST {SHIRT}/variants/missing": {"price"},
    f"PATCH {VARIANT}": {"is_active", "price", "stock_quantity"},
    "POST /api/v1/categories": {"is_active"},
    "PATCH /api/v1/categories/{category_id}": {"is_active"},
    "POST /api/v1/price-lists": {"is_active"},
    "PATCH /api/v1/price-lists/{price_list_id}": {"is_active"},
    "POST /api/v1/shipping-methods": {"is_active"},
    "PATCH /api/v1/shipping-methods/{shipping_method_id}": {"is_active"},
    "POST /api/v1/order-drafts": {"user_id"},
    "POST /api/v1/promotions": {"is_active"},
    "PATCH /api/v1/promotions/{promotion_id}": {"is_active"},
    "PATCH /api/v1/promotions/{promotion_id}/coupons/{coupon_id}": {"is_active"},
    "POST /api/v1/orders": {"user_id"},
    "PATCH /api/v1/orders/{order_id}": {"status"},
    "PATCH /api/v1/users/{user_id}/access": {"role", "is_active"},
}
REASON = "is not a field of this document"
WITH_BODY = [row for row in MATRIX if "json" in row.request]


def body_of(handler: HTTPRouteHandler) -> type[Schema] | None:
    """Return the schema of the body of a route."""
    parameter = handler.parsed_fn_signature.parameters.get("data")
    if parameter is None:
        return None
    kind = parameter.annotation
    assert isinstance(kind, type) and issubclass(kind, Schema)
    return kind


def inputs_of(kind: type[Schema]) -> set[str]:
    """Return the public names of the fields of a body."""
    return {field.alias or name for name, field in kind.model_fields.items()}


async def refused(
    client: httpx.AsyncClient, world: World, row: Row, body: dict[str, Any]
) -> dict[str, str]:
    """Send a refused body as the owner or an administrator, and return its errors."""
    before = await everything(world.shop)
    caller = "owner" if row.expected["owner"] < 400 else "admin"
    response = await world.send(client, caller, row.method, row.path, json=body)
    assert response.status_code == 400, (body, response.text)
    assert await everything(world.shop) == before
    return places_of(problem_of(response))


def test_every_route_with_a_body_is_tested(app: Litestar) -> None:
    with_body = {place for place, handler in routes_of(app).items() if body_of(handler)}
    assert {(row.method, row.template) for row in WITH_BODY} == with_body
    assert len(with_body) == 64


@pytest.mark.parametrize("row", WITH_BODY, ids=str)
async def test_a_field_that_is_not_declared_is_refused_by_its_name(
    app: Litestar, nobody: httpx.AsyncClient, shop: Shop, row: Row
) -> None:
    world = await world_of(shop)
    kind = body_of(routes_of(app)[row.method, row.template])
    assert kind is not None
    assert FIELDS.keys() & inputs_of(kind) == DECLARED.get(str(row), set())
    undeclared = FIELDS.keys() - inputs_of(kind)
    # In one request: an accepted name would be missing in the list of refused fields.
    body = row.request["json"] | {name: FIELDS[name] for name in undeclared}
    assert await refused(nobody, world, row, body) == {f"#/{name}": REASON for name in undeclared}


async def test_an_internal_field_name_is_not_accepted_for_the_public_one(
    nobody: httpx.AsyncClient, shop: Shop
) -> None:
    world = await world_of(shop)
    rows = {str(row): row for row in WITH_BODY}
    change, new = rows["PATCH /api/v1/products/{product_id}"], rows["POST /api/v1/products"]
    inside = {"#/price_minor": REASON}
    assert await refused(nobody, world, change, {"price_minor": 1}) == inside
    body = {name: value for name, value in THING.items() if name != "price"} | {"price_minor": 1}
    assert await refused(nobody, world, new, body) == inside | {"#/price": "is required"}


async def test_an_unknown_field_of_a_form_is_refused(nobody: httpx.AsyncClient, shop: Shop) -> None:
    world = await world_of(shop)
    rows = [each for each in MATRIX if "data" in each.request]
    assert len(rows) == 2
    before = await everything(shop)
    for row in rows:
        for name, value in FIELDS.items():
            form = row.request["data"] | {name: str(value)}
            response = await world.send(nobody, "nobody", row.method, row.path, data=form)
            assert places_of(problem_of(response)) == {f"#/{name}": "is not a field"}
    assert await everything(shop) == before


async def test_a_customer_cannot_order_for_others(nobody: httpx.AsyncClient, shop: Shop) -> None:
    world = await world_of(shop)
    (row,) = [each for each in MATRIX if str(each) == "POST /api/v1/orders"]
    assert await refused(nobody, world, row, BASKET | {"user_id": "{other_id}"}) == {
        "#/user_id": "may be set by staff only"
    }


@pytest.mark.parametrize("name", ["unit_price", "unit_price_minor", "price", "name", "total"])
async def test_a_line_of_an_order_cannot_set_a_price(
    nobody: httpx.AsyncClient, shop: Shop, name: str
) -> None:
    world = await world_of(shop)
    (row,) = [each for each in MATRIX if str(each) == "POST /api/v1/orders"]
    line = BASKET["items"][0] | {name: "0.01"}
    found = await refused(nobody, world, row, BASKET | {"items": [line]})
    assert found == {f"#/items/0/{name}": REASON}
    place = PLACE | {"user_id": world.values["other_id"], "is_primary": True}
    found = await refused(nobody, world, row, BASKET | {"delivery_address": place})
    assert found == {f"#/delivery_address/{each}": REASON for each in ("user_id", "is_primary")}


async def test_a_query_string_sets_nothing(nobody: httpx.AsyncClient, shop: Shop) -> None:
    world = await world_of(shop)
    params = {name: str(value) for name, value in FIELDS.items()}
    for row in MATRIX:
        if str(row) in ("POST /api/v1/users", "PATCH /api/v1/users/{user_id}"):
            request = row.request | {"params": params}
            answer = await world.send(nobody, "owner", row.method, row.path, **request)
            assert answer.is_success, answer.text
            user = answer.json()
            assert (user["role"], user["is_email_verified"]) == ("customer", False)
