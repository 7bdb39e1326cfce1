"""The OpenAPI document describes the access to each operation, and which responses are secret."""

from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.security.principal import Access
from app.web.route_options import guarded_of, has_guests, options_of
from tests.test_web.docs.documents import document_of, handlers_of, operations_of

pytestmark = pytest.mark.any_database

TOKEN = "/api/v1/auth/token"
# Public operations: all others need a log-in or an API key.
PUBLIC = {
    ("POST", TOKEN),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/password/forgot"),
    ("POST", "/api/v1/auth/password/reset"),
    ("POST", "/api/v1/auth/email/verify"),
    ("POST", "/api/v1/guest-data/requests"),
    ("POST", "/api/v1/guest-data/export"),
    ("POST", "/api/v1/guest-data/erasure"),
    ("POST", "/api/v1/users"),
    ("GET", "/api/v1/countries/{country}/address-format"),
    ("GET", "/api/v1/payment-providers"),
    ("POST", "/api/v1/payment-providers/{provider}/events"),
    ("GET", "/api/v1/categories/by-path"),
    ("GET", "/api/v1/products/{product_id}/categories"),
    ("GET", "/api/v1/products/facets"),
    ("GET", "/api/v1/products/{product_id}"),
    ("GET", "/api/v1/variants/{variant_id}"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
}
# Public operations with a parameter that is not.
GUARDED = {
    ("GET", "/api/v1/categories"),
    ("GET", "/api/v1/categories/{category_id}"),
    ("GET", "/api/v1/products"),
    ("GET", "/api/v1/products/{product_id}/images"),
}
# Operations for guests, and for users with their own data.
GUESTS = {
    ("POST", "/api/v1/carts"),
    ("GET", "/api/v1/carts/{cart_id}"),
    ("PATCH", "/api/v1/carts/{cart_id}"),
    ("GET", "/api/v1/carts/{cart_id}/shipping-methods"),
    ("POST", "/api/v1/carts/{cart_id}/lines"),
    ("PUT", "/api/v1/carts/{cart_id}/lines/{variant_id}"),
    ("DELETE", "/api/v1/carts/{cart_id}/lines/{variant_id}"),
    ("POST", "/api/v1/carts/{cart_id}/codes"),
    ("DELETE", "/api/v1/carts/{cart_id}/codes"),
    ("POST", "/api/v1/carts/{cart_id}/checkout"),
    ("GET", "/api/v1/carts/{cart_id}/order"),
    ("GET", "/api/v1/carts/{cart_id}/order/shipments"),
    ("GET", "/api/v1/carts/{cart_id}/order/returns"),
    ("POST", "/api/v1/carts/{cart_id}/order/returns"),
    ("POST", "/api/v1/carts/{cart_id}/order/cancel"),
    ("GET", "/api/v1/carts/{cart_id}/order/payments"),
    ("POST", "/api/v1/carts/{cart_id}/order/payments"),
    ("GET", "/api/v1/carts/{cart_id}/order/invoices"),
}
# Actions for a person, by the person or an administrator: API keys are not allowed.
PERSONAL = {
    ("POST", "/api/v1/auth/logout"),
    ("GET", "/api/v1/auth/sessions"),
    ("DELETE", "/api/v1/auth/sessions"),
    ("DELETE", "/api/v1/auth/sessions/{session_id}"),
    ("POST", "/api/v1/auth/password"),
    ("POST", "/api/v1/auth/email/ask"),
    ("GET", "/api/v1/users/me"),
    ("PATCH", "/api/v1/users/{user_id}/access"),
    ("GET", "/api/v1/api-keys"),
    ("POST", "/api/v1/api-keys"),
    ("DELETE", "/api/v1/api-keys/{key_id}"),
    ("GET", "/api/v1/audit"),
    ("POST", "/api/v1/carts/{cart_id}/claim"),
}
SECRET = {
    ("POST", TOKEN),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/v1/auth/password"),
    ("POST", "/api/v1/auth/password/forgot"),
    ("POST", "/api/v1/auth/password/reset"),
    ("POST", "/api/v1/auth/email/ask"),
    ("POST", "/api/v1/auth/email/verify"),
    ("POST", "/api/v1/guest-data/requests"),
    ("POST", "/api/v1/guest-data/export"),
    ("POST", "/api/v1/guest-data/erasure"),
    ("POST", "/api/v1/api-keys"),
    ("POST", "/api/v1/carts"),
}
# A repeated request has no second effect.
REPEATABLE = {
    ("POST", "/api/v1/products/{product_id}/images"),
    ("POST", "/api/v1/payments/{payment_id}/capture"),
    ("POST", "/api/v1/payments/{payment_id}/void"),
    ("POST", "/api/v1/payments/{payment_id}/seen"),
    ("POST", "/api/v1/orders/{order_id}/invoices"),
    ("POST", "/api/v1/payment-providers/{provider}/events"),
}
TAGS: dict[str, str | tuple[str, ...]] = {
    "products": ("/api/v1/products", "/api/v1/variants", "/api/v1/categories"),
    "prices": "/api/v1/price-lists",
    "taxes": "/api/v1/tax-rates",
    "shipping": "/api/v1/shipping-methods",
    "promotions": "/api/v1/promotions",
    "carts": "/api/v1/carts",
    "orders": ("/api/v1/orders", "/api/v1/order-drafts"),
    "shipments": (
        "/api/v1/shipments",
        "/api/v1/orders/{order_id}/shipments",
        "/api/v1/carts/{cart_id}/order/shipments",
    ),
    "returns": (
        "/api/v1/returns",
        "/api/v1/orders/{order_id}/returns",
        "/api/v1/carts/{cart_id}/order/returns",
    ),
    "payments": (
        "/api/v1/payments",
        "/api/v1/refunds",
        "/api/v1/payment-providers",
        "/api/v1/orders/{order_id}/payments",
        "/api/v1/carts/{cart_id}/order/payments",
    ),
    "invoices": (
        "/api/v1/invoices",
        "/api/v1/orders/{order_id}/invoices",
        "/api/v1/carts/{cart_id}/order/invoices",
    ),
    "users": ("/api/v1/users", "/api/v1/countries"),
    "auth": "/api/v1/auth/",
    "guest data": "/api/v1/guest-data/",
    "reports": "/api/v1/reports",
    "api keys": "/api/v1/api-keys",
    "operations": ("/api/v1/operations", "/api/v1/dead-letters"),
    "audit": "/api/v1/audit",
    "health": "/health/",
}


async def test_every_operation_documents_its_access(
    client: httpx.AsyncClient, app: Litestar
) -> None:
    operations, handlers = operations_of(await document_of(client)), handlers_of(app)
    for place, operation in operations.items():
        options = options_of(handlers[place])
        machines: list[dict[str, list[str]]] = [{"api_key": []}] if options.scope else []
        is_public = options.access is Access.PUBLIC
        expected = [{}] if is_public else [{"password": []}, *machines]
        if guarded_of(handlers[place]) is not None or (is_public and has_guests(handlers[place])):
            expected = [{}, {"password": []}, {"api_key": []}]
        assert operation["security"] == expected, place
        assert not (is_public and options.scope), place


async def test_public_and_personal_routes_are_exactly_the_listed_ones(
    client: httpx.AsyncClient,
) -> None:
    operations = operations_of(await document_of(client))
    security = {place: operation["security"] for place, operation in operations.items()}
    assert {place for place, each in security.items() if each == [{}]} == PUBLIC
    assert {place for place, each in security.items() if each == [{"password": []}]} == PERSONAL
    assert {place for place, each in security.items() if {} in each} == PUBLIC | GUARDED | GUESTS


async def test_the_authentication_schemes_are_described(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    schemes = document["components"]["securitySchemes"]
    assert schemes.keys() == {"password", "api_key"}
    assert all(scheme["description"] for scheme in schemes.values())
    assert (schemes["api_key"]["type"], schemes["api_key"]["scheme"]) == ("http", "bearer")
    assert (schemes["password"]["type"], list(schemes["password"]["flows"])) == (
        "oauth2",
        ["password"],
    )
    flow = schemes["password"]["flows"]["password"]
    for url in (flow["tokenUrl"], flow["refreshUrl"]):
        assert ("POST", url) in operations_of(document)
    assert flow["scopes"] == {}


async def test_only_callers_with_access_learn_the_requirements(client: httpx.AsyncClient) -> None:
    for (method, path), operation in operations_of(await document_of(client)).items():
        responses = operation["responses"]
        if (method, path) in PUBLIC:
            assert "403" not in responses, path
            continue
        if (method, path) in GUESTS:
            assert "403" not in responses, path
            assert "`invalid-token`" in responses["401"]["description"], path
            continue
        assert {"401", "403"} <= responses.keys(), (method, path)
        for code in ("unauthenticated", "invalid-token"):
            assert f"`{code}`" in responses["401"]["description"], (method, path)
        assert "`forbidden`" in responses["403"]["description"], (method, path)


async def test_everything_but_health_has_a_rate_limit(client: httpx.AsyncClient) -> None:
    for (method, path), operation in operations_of(await document_of(client)).items():
        is_health = path.startswith("/health/")
        assert ("429" in operation["responses"]) != is_health, (method, path)


async def test_secret_responses_have_no_entity_tag_and_no_idempotency_key(
    client: httpx.AsyncClient, app: Litestar
) -> None:
    operations, handlers = operations_of(await document_of(client)), handlers_of(app)
    assert {place for place, handler in handlers.items() if options_of(handler).is_secret} == SECRET
    for place, operation in operations.items():
        names = {each["name"] for each in operation["parameters"]}
        assert ("Idempotency-Key" in names) == (
            place[0] == "POST" and place not in SECRET | REPEATABLE
        ), place
        if place in SECRET:
            assert not names & {"If-None-Match", "If-Match"}, place
            for status, response in operation["responses"].items():
                assert not {"ETag", "Location"} & response.get("headers", {}).keys(), (
                    place,
                    status,
                )


async def test_a_log_in_is_a_form_of_oauth_2(
    client: httpx.AsyncClient,
) -> None:
    document = await document_of(client)
    operation = operations_of(document)["POST", TOKEN]
    (media_type,) = operation["requestBody"]["content"]
    assert media_type == "application/x-www-form-urlencoded"
    (reference,) = operation["requestBody"]["content"][media_type]["schema"].values()
    form: dict[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    names = ["grant_type", "username", "password", "scope", "client_id", "client_secret"]
    assert list(form["properties"]) == names
    assert form["required"] == ["username", "password"]
    assert form["properties"]["grant_type"]["const"] == "password"
    assert form["properties"]["password"]["format"] == "password"
    assert form["properties"]["password"]["writeOnly"] is True
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    pair = document["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
    assert set(pair["required"]) == {"access_token", "token_type", "expires_in", "refresh_token"}


async def test_a_renewal_is_a_form_of_oauth_2_or_a_json_document(
    client: httpx.AsyncClient,
) -> None:
    document = await document_of(client)
    flow = document["components"]["securitySchemes"]["password"]["flows"]["password"]
    operation = operations_of(document)["POST", flow["refreshUrl"]]
    content = operation["requestBody"]["content"]
    assert content.keys() == {"application/json", "application/x-www-form-urlencoded"}
    (reference,) = content["application/x-www-form-urlencoded"]["schema"].values()
    form: dict[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert set(form["required"]) == {"grant_type", "refresh_token"}
    assert form["properties"]["grant_type"]["const"] == "refresh_token"
    refused = operation["responses"]["400"]["content"]["application/json"]["schema"]
    refusal = document["components"]["schemas"][refused["$ref"].rpartition("/")[2]]
    codes = ["invalid_request", "invalid_grant", "unsupported_grant_type"]
    assert refusal["properties"]["error"]["enum"] == codes


async def test_every_operation_has_the_tag_of_its_path(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    assert [tag["name"] for tag in document["tags"]] == list(TAGS)
    for (method, path), operation in operations_of(document).items():
        (tag,) = operation["tags"]
        assert path.startswith(TAGS[tag]), (method, path)
