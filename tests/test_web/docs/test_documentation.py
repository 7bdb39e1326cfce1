"""The OpenAPI document describes all of the API."""

import re
import tomllib

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from app.configuration.fields import PROVIDERS
from app.core.countries import COUNTRIES
from app.errors import PreconditionFailed
from app.security.principal import Access
from app.web.request import FORM
from app.web.route_options import guarded_of, has_guests, options_of
from tests.support.factories import create_product
from tests.support.processes import ROOT
from tests.test_web.docs.documents import DOCS, document_of, handlers_of, operations_of, parts_of

pytestmark = pytest.mark.any_database

BODY_STATUSES = {"400", "408", "413", "415"}
POST_STATUSES = {"400", "408", "409", "413", "422"}
RATE_LIMIT = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
OWN_HEADERS = {
    "200": {"ETag"},
    "201": {"ETag", "Location"},
    "301": {"Location"},
    "304": {"ETag"},
}
OF_SECRETS: dict[str, set[str]] = {}
PROBLEM_HEADERS = {
    "303": {"Location"},
    "401": {"WWW-Authenticate"},
    "429": {"Retry-After"},
    "503": {"Retry-After"},
}
# The requests without a JSON body.
BULK = "/api/v1/products/bulk"
UPLOAD = "/api/v1/products/{product_id}/images"
FORMS = {
    "/api/v1/auth/token": [FORM],
    "/api/v1/auth/refresh": ["application/json", FORM],
    UPLOAD: ["image/jpeg", "image/png", "image/webp"],
}
BARE = (
    "{order_id}/cancel",
    "{order_id}/invoices",
    "/void",
    "{refund_id}/record",
    "/events",
    "/ship",
    "/deliver",
    "{shipment_id}/cancel",
    "/close",
    "{return_id}/cancel",
    "/order/cancel",
    "/logout",
    "/email/ask",
    "/requeue",
    "/claim",
)


async def test_the_document_is_openapi_3_1(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Lavka"
    tags = {"auth", "users", "products", "orders", "reports", "api keys", "operations"}
    tags |= {
        "prices",
        "taxes",
        "shipping",
        "promotions",
        "carts",
        "payments",
        "shipments",
        "returns",
        "invoices",
        "audit",
        "health",
        "guest data",
    }
    assert {tag["name"] for tag in document["tags"]} == tags
    assert all(tag["description"] for tag in document["tags"])


async def test_the_document_does_not_change_while_the_shop_runs(client: httpx.AsyncClient) -> None:
    first = await client.get(f"{DOCS}/openapi.json")
    await create_product(client)
    assert (await client.get(f"{DOCS}/openapi.json")).content == first.content


async def test_the_document_has_every_route_and_no_other(
    client: httpx.AsyncClient, app: Litestar
) -> None:
    operations = operations_of(await document_of(client))
    assert operations.keys() == handlers_of(app).keys()
    assert len(operations) >= 42


async def test_every_operation_is_described(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    operations = operations_of(document)
    names = {tag["name"] for tag in document["tags"]}
    for place, operation in operations.items():
        assert operation["summary"] and operation["description"].endswith("."), place
        assert operation["tags"] and set(operation["tags"]) <= names, place
        for status, response in operation["responses"].items():
            assert response["description"], (place, status)
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)


async def test_every_field_is_described_with_an_example(client: httpx.AsyncClient) -> None:
    schemas = (await document_of(client))["components"]["schemas"]
    fields = [
        (f"{name}.{field}", schema)
        for name, model in schemas.items()
        for field, schema in model.get("properties", {}).items()
    ]
    assert len(fields) > 80
    for name, schema in fields:
        assert schema.get("description", "").endswith("."), name
        assert schema.get("examples"), name


async def test_every_parameter_is_described(client: httpx.AsyncClient) -> None:
    operations = operations_of(await document_of(client))
    found = set()
    for (method, path), operation in operations.items():
        names = [(each["in"], each["name"]) for each in operation.get("parameters", [])]
        assert len(set(names)) == len(names)
        assert {name for where, name in names if where == "path"} == set(
            re.findall(r"{(\w+)}", path)
        )
        for each in operation.get("parameters", []):
            found.add(each["in"])
            assert each.get("description"), (method, path, each["name"])
            assert each["schema"], (method, path, each["name"])
            if each["in"] != "path":
                assert each["schema"].get("examples"), (method, path, each["name"])
            if each["in"] == "path":
                kind = {"day": "date", "country": None, "provider": None}.get(each["name"], "uuid")
                assert (each["required"], each["schema"].get("format")) == (True, kind)
                chosen = sorted(COUNTRIES) if each["name"] == "country" else list(PROVIDERS)
                assert kind or each["schema"]["enum"] == chosen
    assert found == {"path", "query", "header"}


async def test_every_operation_documents_its_refusals(
    client: httpx.AsyncClient, app: Litestar
) -> None:
    operations, handlers = operations_of(await document_of(client)), handlers_of(app)
    for place, operation in operations.items():
        told = {
            status: response
            for status, response in operation["responses"].items()
            if "application/problem+json" in response.get("content", {})
        }
        expected = expected_problems(handlers[place], place[0], "requestBody" in operation)
        assert set(told) == {str(kind) for kind in expected}, place
        for problem in options_of(handlers[place]).problems:
            assert f"`{problem.code}`" in told[str(problem.status)]["description"], place
        for response in told.values():
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


def expected_problems(handler: HTTPRouteHandler, method: str, has_body: bool) -> set[str]:
    """Return the statuses of the possible problems of an operation."""
    statuses = {str(problem.status) for problem in options_of(handler).problems}
    has_condition = PreconditionFailed in options_of(handler).problems
    statuses |= {"400"} if method == "GET" or has_condition else set()
    statuses |= BODY_STATUSES if has_body else set()
    statuses |= POST_STATUSES if method == "POST" and options_of(handler).takes_keys else set()
    is_open = options_of(handler).access is Access.PUBLIC and guarded_of(handler) is None
    statuses |= set() if is_open else {"401", "403"}
    statuses |= {"400", "401"} if has_guests(handler) else set()
    return statuses | (set() if "health" in handler.resolve_tags() else {"429", "503"})


async def test_every_change_documents_its_body(client: httpx.AsyncClient) -> None:
    for (method, path), operation in operations_of(await document_of(client)).items():
        takes_body = method in ("POST", "PUT", "PATCH") and not path.endswith(BARE)
        assert ("requestBody" in operation) == takes_body, path
        if takes_body:
            assert operation["requestBody"]["required"] is True
            media_types = FORMS.get(path, ["application/json"])
            assert list(operation["requestBody"]["content"]) == media_types


async def test_every_response_documents_its_headers(
    client: httpx.AsyncClient, app: Litestar
) -> None:
    handlers = handlers_of(app)
    for (method, path), operation in operations_of(await document_of(client)).items():
        options = options_of(handlers[method, path])
        own = OF_SECRETS if options.is_secret or options.is_stream else OWN_HEADERS
        for status, response in operation["responses"].items():
            expected = own.get(status, set())
            if (method, path) == ("POST", "/api/v1/carts") and status in ("200", "201"):
                expected = {"Cart-Token"}
            if status == "202" and path in ("/api/v1/reports", BULK, UPLOAD):
                expected = {"Location", "ETag"}
            if status == "202" and options.deferral:
                expected = {"Location", "Preference-Applied"}
            if "application/problem+json" in response.get("content", {}):
                expected = PROBLEM_HEADERS.get(status, set())
            if path.startswith("/api/") and not status.startswith("5"):
                expected = expected | RATE_LIMIT
            assert set(response.get("headers", {})) == expected, (method, path, status)
        assert ("304" in operation["responses"]) == (method == "GET" and not options.is_stream)


async def test_every_reference_can_be_resolved(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    places = {place for place, _ in parts_of(document)}
    references = [part["$ref"] for _, part in parts_of(document) if "$ref" in part]
    assert references and set(references) <= places
    used = {reference.rpartition("/")[2] for reference in references}
    assert used == set(document["components"]["schemas"])


async def test_every_link_names_an_operation(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    operations = {each["operationId"]: each for each in operations_of(document).values()}
    links = [
        (name, link)
        for operation in operations.values()
        for response in operation["responses"].values()
        for name, link in response.get("links", {}).items()
    ]
    assert len(links) >= 10
    for name, link in links:
        assert name == link["operationId"]
        paths = {each["name"] for each in operations[name]["parameters"] if each["in"] == "path"}
        assert set(link["parameters"]) == paths


async def test_the_fuzzer_is_configured_for_operations_of_the_document(
    client: httpx.AsyncClient,
) -> None:
    configured = tomllib.loads((ROOT / "schemathesis.toml").read_text("utf-8"))["operations"]
    operations = operations_of(await document_of(client))
    names = {name for each in configured for name in each.get("include-name", [])}
    assert len(names) >= 15
    assert names <= {f"{method} {path}" for method, path in operations}
    paths = {each["include-path"] for each in configured if "include-path" in each}
    assert paths and paths <= {path for _, path in operations}


def test_the_location_of_a_queued_creation_is_below_its_route(app: Litestar) -> None:
    deferrals = {
        place: (deferral, handler.status_code)
        for place, handler in handlers_of(app).items()
        if (deferral := options_of(handler).deferral) is not None
    }
    assert len(deferrals) == 4
    for (_, path), (deferral, status) in deferrals.items():
        assert deferral.location == (f"{path}/{{id}}" if status == 201 else None), path
