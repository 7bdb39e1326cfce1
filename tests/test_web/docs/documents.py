"""The OpenAPI document, and its parts for tests."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

Document = dict[str, Any]
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


def parts_of(node: object, place: str = "#") -> Iterator[tuple[str, Document]]:
    """Return every object in a document, with its place."""
    if isinstance(node, dict):
        yield place, node
        for name, value in node.items():
            yield from parts_of(value, f"{place}/{name}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from parts_of(value, f"{place}/{index}")


def handlers_of(application: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """Return the handlers of the API and of health, by method and path."""
    return {
        (method, route.path_format): handler
        for route in application.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS" and route.path.startswith(("/api/", "/health/"))
    }


class Loads(HTMLParser):
    """Collects the resources that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.has_inline_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the resource that an element loads."""
        given = dict(attrs)
        self.urls += [url for url in (given.get("src"), given.get("href")) if url]
        self.has_inline_script |= tag == "style" or (tag == "script" and "src" not in given)
