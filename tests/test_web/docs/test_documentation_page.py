"""The page at `/docs` shows the document, and works offline."""

import re
from pathlib import Path

import httpx
import pytest

from tests.support.refusals import problem_of
from tests.test_web.docs.documents import DOCS, Loads, document_of, operations_of

pytestmark = pytest.mark.any_database


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
    static = repository_root / "app" / "web" / "docs" / "static"
    script = (static / "docs.js").read_text("utf-8")
    assert 'url: "/docs/openapi.json"' in script
    ours = [each for each in static.iterdir() if each.is_file()]
    names = {"docs.html", "docs.js", "home.html", "messages.html", "pages.css"}
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
        "../pages.py",
        "%2e%2e/pages.py",
        "..%2fpages.py",
        "",
        "x",
    ):
        response = await client.get(f"{DOCS}/assets/{path}")
        assert problem_of(response)["status"] == 404, path
