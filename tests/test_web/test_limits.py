"""A body that is too large, too slow or incomplete is refused while it is read."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.core.limits import MAX_BODY_BYTES
from app.services.catalogue.product_service import ProductService
from app.web.middleware.body_limits import BodyLimits
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.machines import AUTHORIZATION
from tests.support.refusals import JSON, places_of, problem_of, refused
from tests.support.tables import everything

pytestmark = pytest.mark.any_database

SHORT_SECONDS = 0.05
TOO_LARGE = b'{"name": "' + b"x" * (257 * 1024 - 12) + b'"}'
PRODUCT = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99"}
HEADERS = JSON | AUTHORIZATION
KEYS: list[dict[str, str]] = [{}, {"Idempotency-Key": "a-key"}]

Sent = list[dict[str, Any]]


async def chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    """Send a body in chunks, without its length."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.any_database
@pytest.mark.parametrize("key", KEYS)
async def test_a_body_of_257_kib_is_refused(
    client: httpx.AsyncClient, shop: Shop, key: dict[str, str]
) -> None:
    product = await create_product(client)
    routes = [("POST", "/products"), ("PATCH", f"/products/{product['id']}")]
    for method, path in routes:
        for content in (TOO_LARGE, chunks(TOO_LARGE, 4096), chunks(TOO_LARGE, len(TOO_LARGE))):
            problem = await refused(client, shop, method, path, content=content, headers=JSON | key)
            assert problem == {
                "type": "urn:problem:payload-too-large",
                "title": "The body is too large",
                "status": 413,
                "detail": "the body must have at most 262144 bytes",
                "max_bytes": 262_144,
            }


@pytest.mark.any_database
@pytest.mark.parametrize("size", [1024, MAX_BODY_BYTES])
async def test_a_body_of_256_kib_is_accepted(client: httpx.AsyncClient, size: int) -> None:
    body = json.dumps(PRODUCT).encode()
    body += b" " * (MAX_BODY_BYTES - len(body))
    response = await client.post("/products", content=chunks(body, size), headers=JSON)
    assert (len(body), response.status_code) == (262_144, 201)


@pytest.mark.any_database
async def test_a_body_larger_by_one_byte_is_refused(client: httpx.AsyncClient, shop: Shop) -> None:
    body = json.dumps(PRODUCT).encode()
    body += b" " * (MAX_BODY_BYTES + 1 - len(body))
    problem = await refused(client, shop, "POST", "/products", content=body, headers=JSON)
    assert problem["status"] == 413


async def call(
    application: Any, messages: Iterable[dict[str, Any]], headers: dict[str, str], path: str = ""
) -> Sent:
    """Call an ASGI application; after the messages, `receive` never returns."""
    given, sent = iter(messages), list[dict[str, Any]]()

    async def receive() -> dict[str, Any]:
        for message in given:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path or "/api/v1/products",
        "raw_path": (path or "/api/v1/products").encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("shop.test", 80),
        "state": {},
    }
    await application(scope, receive, send)
    return sent


def answer(sent: Sent) -> httpx.Response:
    """Return the sent messages as one response."""
    start, *rest = sent
    content = b"".join(message["body"] for message in rest)
    return httpx.Response(start["status"], headers=start["headers"], content=content)


def piece(body: bytes, *, is_last: bool) -> dict[str, Any]:
    """Return a message with a part of a body."""
    return {"type": "http.request", "body": body, "more_body": not is_last}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.any_database
@pytest.mark.parametrize("given", [[], [piece(b'{"sku":', is_last=False)]])
async def test_a_body_that_does_not_arrive_in_time_is_refused(
    app: Litestar, shop: Shop, key: dict[str, str], given: list[dict[str, Any]]
) -> None:
    before = await everything(shop)
    bounded = BodyLimits(app, SHORT_SECONDS)
    problem = problem_of(answer(await call(bounded, given, HEADERS | key)))
    assert problem == {
        "type": "urn:problem:request-timeout",
        "title": "The request took too long to arrive",
        "status": 408,
        "detail": "the body did not arrive in time",
    }
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_a_body_that_arrives_slowly_has_the_same_time_limit(
    app: Litestar, shop: Shop
) -> None:
    def trickle() -> Iterable[dict[str, Any]]:
        for number in range(100):
            yield piece(b" ", is_last=number == 99)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        async def late() -> Any:
            await asyncio.sleep(SHORT_SECONDS / 5)
            return await receive()

        await BodyLimits(app, SHORT_SECONDS)(scope, late, send)

    before = await everything(shop)
    assert problem_of(answer(await call(slow, trickle(), HEADERS)))["status"] == 408
    assert await everything(shop) == before


async def test_the_time_limit_of_a_body_does_not_include_the_handler(
    app: Litestar, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = ProductService.offer

    async def offer(self: ProductService, *arguments: Any) -> Any:
        await asyncio.sleep(SHORT_SECONDS * 3)
        return await prompt(self, *arguments)

    monkeypatch.setattr(ProductService, "offer", offer)
    bounded = BodyLimits(app, SHORT_SECONDS)
    whole = [piece(json.dumps(PRODUCT).encode(), is_last=True)]
    assert answer(await call(bounded, whole, HEADERS)).status_code == 201
    assert len((await everything(shop))["products"]) == 1


async def test_after_the_body_a_disconnect_is_awaited_without_a_limit() -> None:
    seen: list[str] = []

    async def application(_scope: Any, receive: Any, _send: Any) -> None:
        seen.append((await receive())["type"])
        await asyncio.sleep(SHORT_SECONDS * 2)
        seen.append((await receive())["type"])

    bounded = BodyLimits(application, SHORT_SECONDS)
    await call(bounded, [piece(b"", is_last=True), {"type": "http.disconnect"}], {})
    assert seen == ["http.request", "http.disconnect"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("given", [[], [piece(b'{"sku":', is_last=False)]])
async def test_a_caller_that_disconnects_in_the_middle_changes_nothing(
    app: Litestar,
    shop: Shop,
    caplog: pytest.LogCaptureFixture,
    key: dict[str, str],
    given: list[dict[str, Any]],
) -> None:
    before = await everything(shop)
    sent = await call(app, [*given, {"type": "http.disconnect"}], HEADERS | key)
    assert 400 <= sent[0]["status"] < 500
    assert await everything(shop) == before
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_the_work_of_a_caller_that_disconnects_is_completed(
    app: Litestar, shop: Shop
) -> None:
    messages = [piece(json.dumps(PRODUCT).encode(), is_last=True), {"type": "http.disconnect"}]
    assert answer(await call(app, messages, HEADERS)).status_code == 201
    assert len((await everything(shop))["products"]) == 1


@pytest.mark.any_database
async def test_no_body_is_awaited_for_a_route_without_one(app: Litestar, shop: Shop) -> None:
    path = "/api/v1/orders/0199a1b2-7c00-7d00-8e00-0123456789ab/cancel"
    assert answer(await call(app, [], AUTHORIZATION, path)).status_code == 404
    assert not (await everything(shop))["orders"]


@pytest.mark.any_database
@pytest.mark.parametrize(("method", "header"), [("GET", "If-None-Match"), ("PATCH", "If-Match")])
async def test_a_list_of_tags_has_at_most_1000_characters(
    client: httpx.AsyncClient, shop: Shop, method: str, header: str
) -> None:
    path = f"/products/{(await create_product(client))['id']}"
    etag = (await client.get(path)).headers["ETag"]
    tags = '"x", ' * 194 + '"xx"' + etag.rjust(26)
    request: dict[str, Any] = {"json": {"name": "Chai"}} if method == "PATCH" else {}
    headers = {header: tags + " "}
    assert len(tags) == 1_000
    problem = await refused(client, shop, method, path, headers={header: "x" + tags}, **request)
    assert places_of(problem) == {header: "must have at most 1000 characters"}
    for other in ("If-None-Match", "If-Match", "If-Range"):
        if other != header:
            headers[other] = "x" * 1_001
    headers[header] = '"x", ' * 194 + " " * 4 + etag
    assert len(headers[header]) == 1_000
    response = await client.request(method, path, headers=headers, **request)
    assert response.status_code == (304 if method == "GET" else 200)
