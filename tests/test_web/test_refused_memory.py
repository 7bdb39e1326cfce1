"""A refused request leaves no objects that only the garbage collector would free."""

import gc
from typing import Any

import httpx
import pytest

from app.errors import RequestTimeout
from app.services.catalogue.category_service import CategoryService
from app.web.request_state import RequestState
from app.wiring.resources import Shop
from tests.support.refusals import JSON, NOTHING
from tests.test_security.people import bearing, log_in

REFUSED: dict[str, tuple[str, str, int, dict[str, Any]]] = {
    "no such route": ("GET", "/nothing", 404, {}),
    "wrong method": ("PUT", "/products", 405, {}),
    "wrong parameter": ("GET", "/products?limit=x", 400, {}),
    "no such product": ("GET", f"/products/{NOTHING}", 404, {}),
    "wrong body": ("POST", "/products", 400, {"content": "{", "headers": JSON}),
    "invalid token": ("GET", "/orders", 401, {"headers": {"Authorization": "Bearer x"}}),
}


def states() -> int:
    """Return the number of requests in memory that began in this test."""
    return sum(isinstance(each, RequestState) for each in gc.get_objects())


@pytest.mark.any_database
@pytest.mark.usefixtures("without_collections")
@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
async def test_a_refused_request_is_freed_at_once(
    client: httpx.AsyncClient, refused: tuple[str, str, int, dict[str, Any]]
) -> None:
    method, path, status, arguments = refused
    before = states()
    for _ in range(5):
        response = await client.request(method, path, **arguments)
        assert response.status_code == status
    assert states() - before <= 1


@pytest.mark.any_database
@pytest.mark.usefixtures("without_collections")
async def test_a_request_that_is_refused_because_of_another_error_is_freed_at_once(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get(*_: object, **_options: object) -> None:
        try:
            raise TimeoutError
        except TimeoutError as cause:
            raise RequestTimeout("planted") from cause

    monkeypatch.setattr(CategoryService, "get", get)
    headers = bearing((await log_in(shop)).access_token)
    before = states()
    for _ in range(5):
        response = await client.get(f"/categories/{NOTHING}", headers=headers)
        assert response.status_code == 408
    assert states() - before <= 1
