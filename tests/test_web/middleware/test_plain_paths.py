"""Paths that a proxy in front of the shop may interpret as other paths are not found."""

import httpx
import pytest
from litestar import Litestar

from app.wiring.resources import Shop
from tests.support.machines import AUTHORIZATION
from tests.support.refusals import problem_of
from tests.test_security.rights.test_doors import call

REFUSED = (
    "//metrics",
    "//docs",
    "///",
    "/metrics//",
    "/api//v1/products",
    "//api/v1/products",
    "/./metrics",
    "/%2e/metrics",
    "/%2E/metrics",
    "/docs/../metrics",
    "/docs/%2e%2e/metrics",
    "/docs/.%2e/metrics",
    "/docs/assets/../../metrics",
    "/metrics/.",
    "/metrics/..",
    "/health/live/../../metrics",
    "/api%2fv1/products",
    "/api%2Fv1/products",
    "/docs/..%2fmetrics",
    "/api/v1%5cproducts",
    "/api\\v1/products",
)


@pytest.mark.any_database
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
async def test_a_path_that_a_proxy_may_interpret_differently_is_not_found(
    app: Litestar, method: str
) -> None:
    for path in REFUSED:
        response = await call(app, method, path, **AUTHORIZATION)
        assert problem_of(response) == {
            "type": "urn:problem:not-found",
            "title": "Not found",
            "status": 404,
            "detail": "the path has an empty segment, a dot segment or an encoded slash",
        }, path
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        head = await call(app, "HEAD", path)
        assert (head.status_code, head.content) == (404, b"")
        assert head.headers["Content-Length"] == response.headers["Content-Length"]


@pytest.mark.any_database
async def test_a_path_with_a_slash_at_the_end_or_dots_in_a_name_is_plain(
    app: Litestar, shop: Shop, client: httpx.AsyncClient
) -> None:
    assert shop.settings.trusted_proxies == ()
    for path in ("/docs/", "/docs/assets/docs.js", "/api/v1/products/", "/docs/openapi.json"):
        assert (await call(app, "GET", path)).status_code == 200, path
    assert (await client.get("/products?category=//..")).status_code == 200
