"""The OpenAPI document says all that the API does, and the page at `/docs` works offline."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import update

from app.callers import Access
from app.dependencies import Shop
from app.models import User, UserRole
from app.reporting import make_report
from app.web.request import FORM
from tests.factories import PASSWORD, create_address, create_product, create_user, place_order
from tests.machines import AUTHORIZATION
from tests.refusals import problem_of

Document = dict[str, Any]
BODY_STATUSES = {"400", "408", "413", "415"}
POST_STATUSES = {"400", "408", "409", "413", "422"}
RATE_LIMIT = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
OWN_HEADERS = {"200": {"ETag"}, "201": {"ETag", "Location"}, "304": {"ETag"}}
OF_SECRETS: dict[str, set[str]] = {}
PROBLEM_HEADERS = {"401": {"WWW-Authenticate"}, "429": {"Retry-After"}, "503": {"Retry-After"}}
# What is asked for without a body.
BARE = ("/cancel", "/logout", "/email/ask", "/requeue")
# Examples that are well made, and are not of this shop.
STRANGE = {
    "/api/v1/orders": 404,
    "/api/v1/auth/token": 401,
    "/api/v1/auth/refresh": 401,
    "/api/v1/auth/password/reset": 401,
    "/api/v1/auth/email/verify": 401,
}
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
DOCS = "http://shop.test/docs"


async def document_of(client: httpx.AsyncClient) -> Document:
    """Return the OpenAPI document."""
    response = await client.get(f"{DOCS}/openapi.json")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("application/json")
    document: Document = response.json()
    return document


def operations_of(document: Document) -> dict[tuple[str, str], Document]:
    """Return the operations by method and path."""
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def handlers_of(application: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """Return the handlers of the API and of health, by method and path."""
    return {
        (method, route.path_format): handler
        for route in application.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS" and not route.path.startswith(("/docs", "/metrics"))
    }


def parts_of(node: object, place: str = "#") -> Iterator[tuple[str, Document]]:
    """Return every object in a document, with its place."""
    if isinstance(node, dict):
        yield place, node
        for name, value in node.items():
            yield from parts_of(value, f"{place}/{name}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from parts_of(value, f"{place}/{index}")


async def test_the_document_is_openapi_3_1(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Lavka"
    tags = {"auth", "users", "products", "orders", "reports", "api keys", "operations"}
    tags |= {"audit", "health"}
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
                kind = "date" if each["name"] == "day" else "uuid"
                assert (each["required"], each["schema"]["format"]) == (True, kind)
    assert found == {"path", "query", "header"}


async def test_every_operation_tells_its_refusals(client: httpx.AsyncClient, app: Litestar) -> None:
    operations, handlers = operations_of(await document_of(client)), handlers_of(app)
    for place, operation in operations.items():
        told = {
            status: response
            for status, response in operation["responses"].items()
            if "application/problem+json" in response.get("content", {})
        }
        expected = expected_problems(handlers[place], place[0], "requestBody" in operation)
        assert set(told) == {str(kind) for kind in expected}, place
        for problem in handlers[place].opt["problems"]:
            assert f"`{problem.code}`" in told[str(problem.status)]["description"], place
        for response in told.values():
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


def expected_problems(handler: HTTPRouteHandler, method: str, has_body: bool) -> set[str]:
    """Return the statuses of the problems that an operation can answer with."""
    statuses = {str(problem.status) for problem in handler.opt["problems"]}
    statuses |= {"400"} if method == "GET" else set()
    statuses |= BODY_STATUSES if has_body else set()
    statuses |= POST_STATUSES if method == "POST" and not handler.opt["is_secret"] else set()
    statuses |= set() if handler.opt["access"] is Access.PUBLIC else {"401", "403"}
    return statuses | (set() if "health" in handler.resolve_tags() else {"429", "503"})


async def test_every_change_tells_of_its_body(client: httpx.AsyncClient) -> None:
    for (method, path), operation in operations_of(await document_of(client)).items():
        takes_body = method in ("POST", "PATCH") and not path.endswith(BARE)
        assert ("requestBody" in operation) == takes_body, path
        if takes_body:
            assert operation["requestBody"]["required"] is True
            media_type = FORM if path == "/api/v1/auth/token" else "application/json"
            assert list(operation["requestBody"]["content"]) == [media_type]


async def test_every_answer_tells_of_its_headers(client: httpx.AsyncClient, app: Litestar) -> None:
    handlers = handlers_of(app)
    for (method, path), operation in operations_of(await document_of(client)).items():
        opt = handlers[method, path].opt
        own = OF_SECRETS if opt["is_secret"] or opt["is_stream"] else OWN_HEADERS
        for status, response in operation["responses"].items():
            expected = own.get(status, set())
            if status == "202" and path == "/api/v1/reports":
                expected = {"Location", "ETag"}
            if status == "202" and opt["queue"]:
                expected = {"Location", "Preference-Applied"}
            if "application/problem+json" in response.get("content", {}):
                expected = PROBLEM_HEADERS.get(status, set())
            if path.startswith("/api/") and not status.startswith("5"):
                expected = expected | RATE_LIMIT
            assert set(response.get("headers", {})) == expected, (method, path, status)
        assert ("304" in operation["responses"]) == (method == "GET" and not opt["is_stream"])


async def test_every_reference_leads_somewhere(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    places = {place for place, _ in parts_of(document)}
    references = [part["$ref"] for _, part in parts_of(document) if "$ref" in part]
    assert references and set(references) <= places
    used = {reference.rpartition("/")[2] for reference in references}
    assert used == set(document["components"]["schemas"])


async def test_every_link_leads_to_an_operation(client: httpx.AsyncClient) -> None:
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


def assert_fits(value: object, schema: Document, document: Document) -> None:
    """See that a value is one that a JSON Schema describes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        assert_fits(value, document["components"]["schemas"][name], document)
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
    """Tell whether a value is one that a JSON Schema describes."""
    try:
        assert_fits(value, schema, document)
    except AssertionError:
        return False
    return True


async def test_every_example_is_one_of_its_schema(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    examples = [(place, part) for place, part in parts_of(document) if "examples" in part]
    assert len(examples) > 100
    for place, schema in examples:
        for example in schema["examples"]:
            assert fits(example, schema, document), (place, example)


def example_of(schema: Document, document: Document) -> dict[str, Any]:
    """Return an object made of the first examples of its fields."""
    model = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return {name: field["examples"][0] for name, field in model["properties"].items()}


def success_of(operation: Document) -> int:
    """Return the status of an operation that does what it is asked for, and at once if it may."""
    return min(int(each) for each in operation["responses"] if each.startswith("2"))


async def fitting(operation: Document, client: httpx.AsyncClient, shop: Shop) -> dict[str, str]:
    """Return headers by which an operation is open: an administrator's where no key is."""
    if operation["security"] != [{"password": []}]:
        return AUTHORIZATION
    user = await create_user(client)
    async with shop.database.write() as session:
        admin = update(User).where(User.id == UUID(user["id"])).values(role=UserRole.ADMIN)
        await session.execute(admin)
    form = {"username": user["email"], "password": PASSWORD}
    pair = (await client.post("/auth/token", data=form)).json()
    return {"Authorization": f"Bearer {pair['access_token']}"}


def examples_in(operation: Document, document: Document) -> dict[str, Any]:
    """Return what to send with an operation: a form or JSON, made of examples."""
    ((media_type, content),) = operation["requestBody"]["content"].items()
    return {"data" if media_type == FORM else "json": example_of(content["schema"], document)}


async def ids_of_examples(client: httpx.AsyncClient) -> dict[str, str]:
    """Make what the paths of operations name; return the ids."""
    user, product = await create_user(client), await create_product(client)
    order = await place_order(client, user["id"], {product["id"]: 1})
    return {
        "user_id": user["id"],
        "product_id": product["id"],
        "address_id": (await create_address(client, user["id"]))["id"],
        "order_id": order["id"],
    }


async def test_every_example_of_a_body_is_taken(client: httpx.AsyncClient, shop: Shop) -> None:
    document = await document_of(client)
    taken = 0
    for (method, path), operation in operations_of(document).items():
        if "requestBody" in operation:
            # Each has its own: whom one example makes staff is no customer to the next.
            url = f"http://shop.test{path.format(**await ids_of_examples(client))}"
            headers = await fitting(operation, client, shop)
            body = examples_in(operation, document)
            response = await client.request(method, url, headers=headers, **body)
            assert response.status_code == STRANGE.get(path, success_of(operation)), response.text
            taken += path not in STRANGE
    assert taken == 13


async def test_every_example_of_a_query_is_taken(client: httpx.AsyncClient, shop: Shop) -> None:
    document = await document_of(client)
    product = await create_product(client)
    await make_report(shop, date(2017, 6, 1))
    for (method, path), operation in operations_of(document).items():
        query = {
            each["name"]: each["schema"]["examples"][0]
            for each in operation["parameters"]
            if each["in"] == "query"
        }
        if query:
            url = f"http://shop.test{path.format(product_id=product['id'], day='2017-06-01')}"
            # A cursor belongs to one order of the list, and the example of an order is another one.
            for name in ("cursor", "sort"):
                params = {key: value for key, value in query.items() if key != name}
                headers = await fitting(operation, client, shop)
                response = await client.request(method, url, params=params, headers=headers)
                assert response.status_code == 200, (path, response.text)


class Loads(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.has_inline_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element loads."""
        given = dict(attrs)
        self.urls += [url for url in (given.get("src"), given.get("href")) if url]
        self.has_inline_script |= tag == "style" or (tag == "script" and "src" not in given)


async def test_the_page_loads_from_the_shop_only(client: httpx.AsyncClient) -> None:
    page = await client.get(DOCS)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    loads = Loads()
    loads.feed(page.text)
    assert len(loads.urls) == 4 and not loads.has_inline_script
    types = {}
    for url in loads.urls:
        assert url.startswith("/docs/assets/")
        response = await client.get(f"http://shop.test{url}")
        assert (response.status_code, bool(response.content)) == (200, True)
        types[url.rpartition(".")[2]] = response.headers["Content-Type"].partition(";")[0]
    assert types == {"png": "image/png", "css": "text/css", "js": "text/javascript"}


def test_the_page_shows_the_document_of_the_shop(repository_root: Path) -> None:
    static = repository_root / "app" / "web" / "static"
    script = (static / "docs.js").read_text("utf-8")
    assert 'url: "/docs/openapi.json"' in script
    ours = [each for each in static.iterdir() if each.is_file()]
    names = {"docs.html", "docs.js", "messages.html", "messages.css"}
    assert {each.name for each in ours} == names
    for file in ours:
        assert "//" not in re.sub(r"(?m)^// .*$", "", file.read_text("utf-8"))
    style = (static / "swagger-ui" / "swagger-ui.css").read_text("utf-8")
    assert not re.search(r"@import|url\((?![\"']?data:)", style)


async def test_no_example_fills_a_form_of_the_page(client: httpx.AsyncClient) -> None:
    for operation in operations_of(await document_of(client)).values():
        assert not [each for each in operation["parameters"] if "example" in each]


async def test_only_the_files_of_the_page_are_served(client: httpx.AsyncClient) -> None:
    for path in (
        "../documentation.py",
        "%2e%2e/documentation.py",
        "..%2fdocumentation.py",
        "",
        "x",
    ):
        response = await client.get(f"{DOCS}/assets/{path}")
        assert problem_of(response)["status"] == 404, path
