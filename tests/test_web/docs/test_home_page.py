"""The page at `/` of a shop without a storefront links to all other places."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from app import __version__
from tests.conftest import client_of, sqlite_settings
from tests.support.accounts import standing
from tests.test_web.docs.documents import Loads
from tests.test_web.docs.test_messages_page import Reader

HOME = "http://shop.test/"
PLACES = {
    "products": "/api/v1/products",
    "documentation": "/docs",
    "openapi": "/docs/openapi.json",
    "messages": "/docs/messages",
    "asyncapi": "/docs/asyncapi.json",
    "health": "/health/ready",
}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest_asyncio.fixture(name="client", scope="module", loop_scope="session")
async def its_client(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a shop without a storefront."""
    folder: Path = tmp_path_factory.mktemp("headless")
    async with standing(sqlite_settings(folder, storefront="off")) as app:
        async with client_of(app) as client:
            yield client


@pytest.mark.parametrize("accept", [BROWSER, "*/*", "text/html", "image/png"])
async def test_a_browser_gets_a_page_with_links_to_every_place(
    client: httpx.AsyncClient, accept: str
) -> None:
    page = await client.get(HOME, headers={"Accept": accept, "Authorization": ""})
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["Vary"] == "Accept"
    reader = Reader()
    reader.feed(page.text)
    assert not reader.open
    assert reader.links == list(PLACES.values())
    assert f"Version {__version__}." in reader.text


@pytest.mark.parametrize(
    "accept", ["application/json", "application/json, text/html;q=0.5", "application/*"]
)
async def test_a_client_that_accepts_json_gets_json(client: httpx.AsyncClient, accept: str) -> None:
    response = await client.get(HOME, headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.headers["Vary"] == "Accept"
    assert response.json() == {"name": "Lavka", "version": __version__} | PLACES


async def test_every_link_of_the_page_works(client: httpx.AsyncClient) -> None:
    for path in PLACES.values():
        assert (await client.get(f"http://shop.test{path}")).status_code == 200, path


async def test_the_page_loads_from_the_shop_only_and_without_a_script(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get(HOME)
    loads = Loads()
    loads.feed(page.text)
    assert "<script" not in page.text and " style=" not in page.text
    assert not loads.has_inline_script
    for url in loads.urls:
        assert url.startswith("/")
        assert (await client.get(f"http://shop.test{url}")).status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'; style-src 'self'; img-src 'self';" in policy
    assert "script-src" not in policy


async def test_a_caller_with_the_etag_of_the_page_gets_304(client: httpx.AsyncClient) -> None:
    page, document = await client.get(HOME), await client.get(
        HOME, headers={"Accept": "application/json"}
    )
    assert page.headers["ETag"] != document.headers["ETag"]
    again = await client.get(HOME, headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
