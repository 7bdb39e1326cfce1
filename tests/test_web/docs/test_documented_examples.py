"""Every example of the OpenAPI document matches its schema, and is accepted."""

import re
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from app.jobs.daily_reports import make_report
from app.models import User, UserRole
from app.web.request import FORM
from app.wiring.resources import Shop
from tests.support.factories import (
    PASSWORD,
    create_address,
    create_product,
    create_user,
    order_in,
    place_order,
)
from tests.support.machines import AUTHORIZATION
from tests.support.media.pictures import picture, upload
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_controllers.fulfilment.returns import ask, shipped_order
from tests.test_controllers.promotions.setting import add_coupons, add_promotion
from tests.test_web.docs.documents import Document, document_of, operations_of, parts_of

pytestmark = pytest.mark.any_database

PLACE = re.compile(r"\{(\w+)\}")
# A form is refused with 400, by OAuth 2.
REFRESH = "/api/v1/auth/refresh"
# Valid examples with ids that do not exist in this shop.
STRANGE = {
    "/api/v1/orders": 404,
    "/api/v1/products/{product_id}/categories": 404,
    "/api/v1/price-lists/{price_list_id}/prices": 400,
    "/api/v1/auth/token": 401,
    # The product does not have the image with this id.
    "/api/v1/products/{product_id}/images/order": 400,
    # The example has both a product and a variant.
    "/api/v1/carts/{cart_id}/lines": 400,
    "/api/v1/carts/{cart_id}/codes": 404,
    # The cart is empty.
    "/api/v1/carts/{cart_id}/checkout": 409,
    # The cart was not ordered.
    "/api/v1/carts/{cart_id}/order/payments": 404,
    # The payment is not authorised, or does not exist.
    "/api/v1/payments/{payment_id}/capture": 404,
    "/api/v1/payments/{payment_id}/refunds": 404,
    "/api/v1/payments/{payment_id}/seen": 404,
    # The examples have an unknown product, and another total.
    "/api/v1/order-drafts": 400,
    "/api/v1/order-drafts/{draft_id}": 400,
    "/api/v1/order-drafts/{draft_id}/place": 409,
    # The order is not paid.
    "/api/v1/orders/{order_id}/shipments": 409,
    # The order has no such line.
    "/api/v1/orders/{order_id}/returns": 404,
    # The cart was not ordered.
    "/api/v1/carts/{cart_id}/order/returns": 404,
    # The return is not approved.
    "/api/v1/returns/{return_id}/receive": 409,
    REFRESH: 401,
    "/api/v1/auth/password/reset": 401,
    "/api/v1/auth/email/verify": 401,
    "/api/v1/guest-data/export": 401,
    "/api/v1/guest-data/erasure": 401,
}
# There is no such shipment.
REFUSED_QUERIES = {"/api/v1/shipments/packing-slips": 404}
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def resolved(schema: Document, document: Document) -> Document:
    """Return the schema that a reference names, or the schema itself."""
    if "$ref" not in schema:
        return schema
    its: Document = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return its


def assert_fits(value: object, schema: Document, document: Document) -> None:
    """Assert that a value matches a JSON Schema."""
    if "$ref" in schema:
        assert_fits(value, resolved(schema, document), document)
    if "anyOf" in schema:
        assert any(fits(value, each, document) for each in schema["anyOf"])
    if "type" in schema:
        assert type(value) in TYPES[schema["type"]]
    if isinstance(value, str):
        assert re.search(schema.get("pattern", ""), value)
        assert len(value) <= schema.get("maxLength", len(value))
        assert schema.get("format") != "uuid" or str(UUID(value)) == value
        assert schema.get("format") != "date-time" or datetime.fromisoformat(value).tzinfo
    if isinstance(value, (int, float)):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value)
    if isinstance(value, list) and "items" in schema:
        for each in value:
            assert_fits(each, schema["items"], document)
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema.get("required", [])) <= value.keys() <= schema["properties"].keys()
        for name, each in value.items():
            assert_fits(each, schema["properties"][name], document)
    if "enum" in schema or "const" in schema:
        assert value in schema.get("enum", [schema.get("const")])


def fits(value: object, schema: Document, document: Document) -> bool:
    """Return whether a value matches a JSON Schema."""
    try:
        assert_fits(value, schema, document)
    except AssertionError:
        return False
    return True


async def test_every_example_matches_its_schema(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    examples = [(place, part) for place, part in parts_of(document) if "examples" in part]
    assert len(examples) > 100
    for place, schema in examples:
        for example in schema["examples"]:
            assert fits(example, schema, document), (place, example)


def example_of(schema: Document, document: Document) -> dict[str, Any]:
    """Return an object with the first examples of its fields."""
    model = resolved(schema, document)
    return {name: field["examples"][0] for name, field in model["properties"].items()}


def success_of(operation: Document) -> int:
    """Return the status of the successful response of an operation: 201, or else the lowest one."""
    # It is 200 for a cart that already exists.
    known = [int(each) for each in operation["responses"] if each.startswith("2")]
    return 201 if 201 in known else min(known)


async def fitting(operation: Document, client: httpx.AsyncClient, shop: Shop) -> dict[str, str]:
    """Return headers that authorize an operation: an administrator's if no key is allowed."""
    if operation["security"] != [{"password": []}]:
        return AUTHORIZATION
    user = await create_user(client)
    async with shop.database.write() as session:
        admin = update(User).where(User.id == UUID(user["id"])).values(role=UserRole.ADMIN)
        await session.execute(admin)
    form = {"username": user["email"], "password": PASSWORD}
    pair = (await client.post("/auth/token", data=form)).json()
    return {"Authorization": f"Bearer {pair['access_token']}"}


def examples_in(operation: Document, document: Document) -> list[dict[str, Any]]:
    """Return the example bodies of an operation, as forms or JSON."""
    return [
        {"data" if media_type == FORM else "json": example_of(content["schema"], document)}
        for media_type, content in operation["requestBody"]["content"].items()
        if not media_type.startswith("image/")
    ]


async def ids_of_examples(client: httpx.AsyncClient, path: str) -> dict[str, str]:
    """Create the resources of a path, and no others; return their ids by name."""
    names = set(PLACE.findall(path))
    ids = {"payment_id": str(uuid4())}
    user = await create_user(client)
    product = await create_product(client, option_values={"Size": "S"})
    ids |= {"user_id": user["id"], "product_id": product["id"], "variant_id": product["id"]}
    if "order_id" in names:
        ids["order_id"] = (await place_order(client, user["id"], {product["id"]: 1}))["id"]
    if "image_id" in names:
        ids["image_id"] = (await upload(client, product, picture())).json()["id"]
    if "address_id" in names:
        ids["address_id"] = (await create_address(client, user["id"]))["id"]
    for name in names & MADE_ALONE.keys():
        ids[name] = await MADE_ALONE[name](client)
    for name in names & MADE_OF_PRODUCT.keys():
        ids[name] = await MADE_OF_PRODUCT[name](client, product)
    if "cart_id" in names:
        ids |= await cart_of(client)
    if "promotion_id" in names:
        ids |= await coupon_of(client)
    return ids


async def target_of(
    path: str, operation: Document, client: httpx.AsyncClient, shop: Shop
) -> tuple[str, dict[str, str]]:
    """Return the URL and the headers of an operation on new resources.

    They are new for each operation, because an example may change the role of its user.
    """
    ids = await ids_of_examples(client, path)
    headers = await fitting(operation, client, shop)
    headers |= {name: ids[name] for name in ids.keys() & {"Cart-Token"}}
    return f"http://shop.test{path.format(**ids)}", headers


async def price_list_of(client: httpx.AsyncClient) -> str:
    """Return the id of a new price list."""
    body = {"code": f"list-{uuid4()}", "name": "A list"}
    return str((await client.post("/price-lists", json=body)).json()["id"])


async def shipping_method_of(client: httpx.AsyncClient) -> str:
    """Return the id of a new shipping method."""
    return str((await client.post("/shipping-methods", json={"name": "Parcel"})).json()["id"])


async def shipment_of(client: httpx.AsyncClient, product: dict[str, Any]) -> str:
    """Return the id of a new shipment."""
    order = await order_in(client, "paid", product)
    return str((await client.post(f"/orders/{order['id']}/shipments", json={})).json()["id"])


async def return_of(client: httpx.AsyncClient) -> str:
    """Return the id of a new return."""
    return str((await ask(client, await shipped_order(client, 1), 1))["id"])


async def cart_of(client: httpx.AsyncClient) -> dict[str, str]:
    """Return the id of a new cart of a guest, and its token."""
    response = await client.post("/carts", json={})
    return {"cart_id": response.json()["id"], "Cart-Token": response.headers["Cart-Token"]}


async def draft_of(client: httpx.AsyncClient, product: dict[str, Any]) -> str:
    """Return the id of a new draft of an order."""
    items = [{"product_id": product["id"], "quantity": 1}]
    return str((await client.post("/order-drafts", json={"items": items})).json()["id"])


async def coupon_of(client: httpx.AsyncClient) -> dict[str, str]:
    """Return the ids of a new coupon and its promotion."""
    promotion = await add_promotion(client, trigger="code")
    (coupon,) = await add_coupons(client, promotion, count=1)
    return {"promotion_id": promotion["id"], "coupon_id": coupon["id"]}


async def category_of(client: httpx.AsyncClient, product: dict[str, Any]) -> str:
    """Return the id of a product's category."""
    path = f"/products/{product['id']}/categories"
    return str((await client.get(path)).json()["items"][0]["id"])


MADE_ALONE = {
    "price_list_id": price_list_of,
    "shipping_method_id": shipping_method_of,
    "return_id": return_of,
}
MADE_OF_PRODUCT = {"category_id": category_of, "draft_id": draft_of, "shipment_id": shipment_of}


async def test_every_example_of_a_body_is_accepted(client: httpx.AsyncClient, shop: Shop) -> None:
    document = await document_of(client)
    taken = 0
    for (method, path), operation in operations_of(document).items():
        if "requestBody" in operation:
            url, headers = await target_of(path, operation, client, shop)
            for body in examples_in(operation, document):
                response = await client.request(method, url, headers=headers, **body)
                expected = STRANGE.get(path, success_of(operation))
                if path == REFRESH and "data" in body:
                    expected = 400
                assert response.status_code == expected, response.text
                taken += path not in STRANGE
    assert taken == 41


async def test_every_example_of_a_query_is_accepted(client: httpx.AsyncClient, shop: Shop) -> None:
    document = await document_of(client)
    product = await create_product(client)
    await make_report(shop, date(2017, 6, 1))
    ids = {"product_id": product["id"], "variant_id": product["id"], "day": "2017-06-01"}
    ids["category_id"] = await category_of(client, product)
    ids["price_list_id"] = await price_list_of(client)
    ids |= await coupon_of(client)
    cart = await ready(client, {product["id"]: 1})
    ids |= {"order_id": (await ordered(cart))["id"], "cart_id": cart.cart_id}
    for (method, path), operation in operations_of(document).items():
        query = {
            name: value
            for each in operation["parameters"]
            if each["in"] == "query"
            for name, value in sent(each["name"], each["schema"]["examples"][0]).items()
        }
        if query and method == "GET":
            url = f"http://shop.test{path.format(**ids)}"
            # A cursor is valid for one sort order only, and the example of `sort` is another one.
            for names in ({"cursor"}, {"sort", "q"}):
                params = {key: value for key, value in query.items() if key not in names}
                headers = await fitting(operation, client, shop) | cart.headers
                response = await client.request(method, url, params=params, headers=headers)
                assert response.status_code == REFUSED_QUERIES.get(path, 200), (path, response.text)


def sent(name: str, example: Any) -> dict[str, Any]:
    """Return the parameters of an example: each member of an object is one parameter."""
    return example if isinstance(example, dict) else {name: example}
