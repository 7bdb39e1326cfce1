"""All errors are problem documents (RFC 9457); only the log has the details of an internal one."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.testing import RequestFactory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import CartMerged, DomainError, InvalidInput, SkuTaken, Unavailable
from app.services.catalogue.product_service import ProductService
from app.settings import Settings
from app.web.rendering.problems import render, render_domain_error
from app.web.respond_async import Refused
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.conftest import client_of, postgres_settings, running
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import create_product, create_user
from tests.support.processes import free_port
from tests.support.refusals import PRODUCT, problem_of, refused
from tests.support.servers import PostgresServer, start_postgres
from tests.support.tables import everything

ALLOWED = {
    "/users": {"GET", "HEAD", "POST", "OPTIONS"},
    "/users/{user}": {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"},
    "/users/{user}/addresses": {"GET", "HEAD", "POST", "OPTIONS"},
    "/products": {"GET", "HEAD", "POST", "OPTIONS"},
    "/products/{product}": {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"},
    "/products/{product}/stock": {"GET", "HEAD", "POST", "OPTIONS"},
    "/orders": {"GET", "HEAD", "POST", "OPTIONS"},
    "/orders/{product}": {"GET", "HEAD", "PATCH", "OPTIONS"},
    "/orders/{product}/cancel": {"POST", "OPTIONS"},
}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"}
# A valid value of each type in a path.
VALUES = {UUID: UUID(int=1), date: date(2026, 1, 31)}
SECRET = "postgresql://lavka:hunter2@db/lavka"


@pytest.mark.any_database
async def test_an_unknown_path_is_not_found(client: httpx.AsyncClient, shop: Shop) -> None:
    before = await everything(shop)
    for path in ("/", "/nothing", "/products/all/of/them", "/Products", "/%00"):
        assert problem_of(await client.get(path)) == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "Not Found",
        }
    for path in ("/api", "/docs/nothing", "/docs/assets/nothing.js", "/docs/a/b"):
        problem = problem_of(await client.get(f"http://shop.test{path}"))
        assert (problem["status"], problem["title"]) == (404, "Not Found")
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_a_wrong_method_is_refused_with_the_allowed_ones(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    before = await everything(shop)
    for template, allowed in ALLOWED.items():
        path = template.format(user=user["id"], product=product["id"])
        for method in METHODS - allowed:
            response = await client.request(method, path)
            assert problem_of(response)["status"] == 405
            assert set(response.headers["Allow"].split(", ")) == allowed
        response = await client.options(path)
        assert (response.status_code, set(response.headers["Allow"].split(", "))) == (204, allowed)
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_options_lists_every_method_of_every_path(
    app: Litestar, client: httpx.AsyncClient
) -> None:
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    assert len(routes) > 200
    for route in routes:
        values = {each.name: VALUES.get(each.type, "1") for each in route.path_parameters.values()}
        response = await client.options(f"http://shop.test{route.path_format.format(**values)}")
        assert response.status_code == 204, route.path
        allowed = route.methods | ({"HEAD"} if "GET" in route.methods else set())
        assert set(response.headers["Allow"].split(", ")) == allowed, route.path


def problems() -> Iterator[type[DomainError]]:
    """Return every kind of refusal."""
    kinds = [DomainError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind is not DomainError:
            yield kind


def test_every_kind_of_refusal_has_its_own_code() -> None:
    kinds = list(problems())
    assert len(kinds) > 15
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert 400 <= kind.status < 600 or kind is CartMerged
        assert kind.title and kind.code == kind.code.lower().replace("_", "-")


@pytest.mark.any_database
@pytest.mark.parametrize(
    "kind", [each for each in problems() if each not in (InvalidInput, Refused)]
)
def test_a_refusal_is_reported_with_all_its_data(kind: type[DomainError]) -> None:
    error = kind("in words", product_id="p", available=2)
    expected = {
        "type": f"urn:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": "in words",
        "product_id": "p",
        "available": 2,
    }
    status, headers, body = render(error)
    assert (status, json.loads(body)) == (kind.status, expected)
    assert dict(headers)[b"content-type"] == b"application/problem+json"
    answer = render_domain_error(RequestFactory().post("/products"), error)
    assert (answer.status_code, json.loads(answer.content)) == (kind.status, expected)
    assert answer.media_type == "application/problem+json"


@pytest.mark.any_database
async def test_a_refusal_of_a_service_is_reported_over_http(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise SkuTaken("in words", product_id="p", available=2)

    monkeypatch.setattr(ProductService, "offer", refuse)
    assert await refused(client, shop, "POST", "/products", json=PRODUCT) == {
        "type": "urn:problem:sku-taken",
        "title": SkuTaken.title,
        "status": 409,
        "detail": "in words",
        "product_id": "p",
        "available": 2,
    }


@pytest.mark.parametrize("key", [None, "a-key"])
async def test_a_fault_is_logged_once_and_not_shown_to_the_caller(
    client: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    key: str | None,
) -> None:
    sound = ProductService.offer

    async def offer(self: ProductService, *arguments: Any) -> None:
        await sound(self, *arguments)
        raise RuntimeError(SECRET)

    monkeypatch.setattr(ProductService, "offer", offer)
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00"}
    headers = {"Idempotency-Key": key} if key else {}
    with caplog.at_level(logging.DEBUG):
        problem = await refused(client, shop, "POST", "/products", json=data, headers=headers)
    assert problem == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "An internal error occurred.",
    }
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert record.getMessage() == "POST '/api/v1/products' failed"
    assert caplog.text.count("RuntimeError: ") == 1
    assert SECRET in caplog.text
    monkeypatch.undo()
    response = await client.post("/products", json=data, headers=headers)
    assert response.status_code == 201


@asynccontextmanager
async def shop_on(settings: Settings) -> AsyncIterator[tuple[Shop, httpx.AsyncClient]]:
    """Run a separate application and yield a client of it."""
    application = with_routes_of(Shop(settings), WITH_ORDERS)
    async with running(application), client_of(application) as client:
        yield application.state.shop, client


async def test_without_a_database_a_request_is_refused_until_it_is_back() -> None:
    with start_postgres() as server:
        server.create_database("outage")
        async with shop_on(postgres_settings(server, "outage")) as (shop, client):
            product = await create_product(client)
            before = await everything(shop)
            server.stop("immediate")
            await assert_unavailable(client, product)
            server.start()
            assert (await client.get(f"/products/{product['id']}")).json() == product
            assert await everything(shop) == before
            assert (await client.get("http://shop.test/health/ready")).status_code == 200
            await create_product(client)


async def assert_unavailable(client: httpx.AsyncClient, product: dict[str, Any]) -> None:
    """Assert that requests that need the database get 503, and all others succeed."""
    path, change = f"/products/{product['id']}", {"price": "1.00"}
    data = {"sku": "NEW", "name": "Tea", "category": "Tea", "price": "1.00"}
    key = {"Idempotency-Key": "a-key"}
    for response in (
        await client.get(path),
        await client.get("/products"),
        await client.patch(path, json=change),
        await client.post("/products", json=data),
        await client.post("/products", json=data, headers=key),
        await client.delete(path),
    ):
        assert problem_of(response) == {
            "type": "urn:problem:unavailable",
            "title": Unavailable.title,
            "status": 503,
            "detail": "the database does not answer, try again",
            "retry_after_seconds": 1,
        }
        assert response.headers["Retry-After"] == "1"
    ready = await client.get("http://shop.test/health/ready")
    assert (ready.status_code, ready.json()) == (
        503,
        {"status": "down", "dependencies": {"database": {"status": "down", "latency_ms": None}}},
    )
    assert (await client.get("http://shop.test/health/live")).status_code == 200
    assert problem_of(await client.post("/users", json={}))["status"] == 400
    assert problem_of(await client.get("/nothing"))["status"] == 404


async def test_a_shop_is_not_prepared_without_a_database() -> None:
    shop = Shop(Settings(_env_file=None, db_host="127.0.0.1", db_port=free_port()))
    with pytest.raises(Unavailable, match="the database does not answer"):
        await prepare(shop)
    await shop.close()


@pytest.mark.parametrize("key", [None, "a-key"])
async def test_a_broken_connection_is_not_an_internal_error(
    postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture, key: str | None
) -> None:
    database = f"broken_{'with' if key else 'without'}_key"
    postgres_server.create_database(database)
    headers = {"Idempotency-Key": key} if key else {}
    async with shop_on(postgres_settings(postgres_server, database)) as (shop, client):
        product = await create_product(client)
        path, data = f"/products/{product['id']}/stock", {"quantity": 1, "reason": "supply"}
        before = await everything(shop)
        async with shop.database.write() as session:
            await session.execute(text("SELECT id FROM variants FOR UPDATE"))
            request = asyncio.create_task(client.post(path, json=data, headers=headers))
            await break_who_waits(session)
            response = await request
        assert (problem_of(response)["status"], response.headers["Retry-After"]) == (503, "1")
        assert await everything(shop) == before
        assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
        assert (await client.post(path, json=data, headers=headers)).status_code == 201


async def break_who_waits(session: AsyncSession) -> None:
    """End the connection that waits for a lock of this session."""
    broken = text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks "
        "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    while not (await session.scalars(broken)).all():
        await asyncio.sleep(0.01)


@pytest.mark.any_database
async def test_the_size_of_a_refusal_is_bounded_for_any_number_of_errors(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    data = {f"{'x' * 1_000}{number}": 0 for number in range(150)}
    problem = await refused(client, shop, "POST", "/products", json=data)
    assert len(problem["errors"]) == 100
    assert problem["errors"][-1] == {
        "pointer": "#/" + "x" * 998,
        "detail": "is not a field of this document",
    }
    headers = {"Content-Type": "x" * 2_000}
    problem = await refused(client, shop, "POST", "/products", content=b"{}", headers=headers)
    beginning = "Content-Type must be application/json, not "
    assert problem["detail"] == beginning + "x" * (1_000 - len(beginning))
