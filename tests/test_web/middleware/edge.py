"""Shops with their own settings, and assertions for all their responses."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Controller

from app.errors import Unavailable
from app.repositories.catalogue.product_repository import ProductRepository
from app.wiring.resources import Shop
from tests.conftest import running, sqlite_settings
from tests.support.applications import WITH_ORDERS, transport_to, with_routes_of
from tests.support.machines import AUTHORIZATION
from tests.support.refusals import NOTHING, problem_of
from tests.test_security.people import bearing, log_in

PRODUCT = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99"}
ORIGIN = "https://shop.example.com"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
API_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
PAGES_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PROBLEMS = {400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503}


@asynccontextmanager
async def shop_with(
    folder: Path,
    client: tuple[str, int] | None = ("192.0.2.1", 4242),
    controllers: Iterable[type[Controller]] = WITH_ORDERS,
    **settings: Any,
) -> AsyncIterator[tuple[Shop, httpx.AsyncClient]]:
    """Run a separate shop with settings, and yield a client with a network address.

    Its API has the given controllers only, or all of them if there are none.
    """
    application = with_routes_of(Shop(sqlite_settings(folder, **settings)), controllers)
    async with running(application):
        transport = transport_to(application, client=client)
        url = "http://shop.test"
        async with httpx.AsyncClient(transport=transport, base_url=url) as its:
            yield application.state.shop, its


def assert_guarded(
    response: httpx.Response, policy: str = API_POLICY, referrer: str = "no-referrer"
) -> None:
    """Assert that a response has each common header once."""
    for name, value in (ALWAYS | {"Referrer-Policy": referrer}).items():
        assert response.headers.get_list(name) == [value], (response.status_code, name)
    assert response.headers.get_list("Content-Security-Policy") == [policy]
    assert len(response.headers.get_list("Cache-Control")) == 1
    if response.status_code in PROBLEMS:
        problem_of(response)
        assert response.headers["Cache-Control"] == "no-store"
    assert "Server" not in response.headers and "X-Powered-By" not in response.headers


async def replies(
    shop: Shop, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, **headers: str
) -> dict[int, httpx.Response]:
    """Return a response of each status."""
    machine = AUTHORIZATION | headers
    customer = bearing((await log_in(shop)).access_token) | headers
    path = "/api/v1/products"
    created = await client.post(path, json=PRODUCT, headers=machine)
    its = created.headers["Location"]
    seen = await client.get(its, headers=headers)
    key = {"Idempotency-Key": "key"}
    order = {"user_id": NOTHING, "items": [{"product_id": NOTHING, "quantity": 1}]}
    found = [
        created,
        seen,
        await client.get(its, headers=headers | {"If-None-Match": seen.headers["ETag"]}),
        await client.post(path, json={}, headers=machine),
        await client.get("/api/v1/orders", headers=headers),
        await client.get("/api/v1/audit", headers=customer),
        await client.get("/api/v1/nothing", headers=headers),
        await client.put(path, headers=headers),
        await client.post(path, json=PRODUCT, headers=machine),
        await client.patch(its, json={"price": "1"}, headers=machine | {"If-Match": '"another"'}),
        await client.post(path, content=b" " * 300_000, headers=machine),
        await client.post(path, content="{}", headers=machine | {"Content-Type": "text/plain"}),
        await client.post("/api/v1/orders", json=order, headers=machine | key),
        await client.post(path, json=PRODUCT | {"sku": "A"}, headers=machine | key),
        await client.post(path, json=PRODUCT | {"sku": "B"}, headers=machine | key),
        await client.post("/api/v1/auth/password/forgot", json={"email": "a@b.cd"}),
        await client.delete(its, headers=machine),
    ]
    found += await faults(client, its, headers, monkeypatch)
    return {response.status_code: response for response in found}


async def faults(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> list[httpx.Response]:
    """Get the response to an internal error, and that to an outage."""
    found = []
    for error in (RuntimeError("planted"), Unavailable("planted", retry_after_seconds=1)):

        async def fail(*_: Any, error: Exception = error, **_options: Any) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(ProductRepository, "whole", fail)
            found.append(await client.get(path, headers=headers))
    return found
