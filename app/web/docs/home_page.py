"""The page at `/`, with links to everything that the shop serves."""

from html import escape
from pathlib import Path
from string import Template
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.enums import MediaType

from app import __version__
from app.web.rendering.responses import file_response

_TEMPLATE = Path(__file__).parent / "static" / "home.html"
_JSON, _HTML = MediaType.JSON.value, MediaType.HTML.value
# The edge's policy for other paths than `/docs` forbids the style sheet and the icon.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
PLACES = (
    ("products", "/api/v1/products", "Products", "The products for sale, in pages."),
    (
        "documentation",
        "/docs",
        "Documentation of the API",
        "All requests and responses; requests can be sent from the page.",
    ),
    ("openapi", "/docs/openapi.json", "OpenAPI document", "The same for programs."),
    ("messages", "/docs/messages", "Messages", "Commands and events over RabbitMQ."),
    ("asyncapi", "/docs/asyncapi.json", "AsyncAPI document", "The same for programs."),
    ("health", "/health/ready", "Health", "Whether the shop and its dependencies work."),
)
"""The entries of the page: the name in JSON, the path, the title and the description."""


def prefers_json(request: Request[object, object, State]) -> bool:
    """Return whether a caller wants JSON rather than a page."""
    return request.accept.best_match([_HTML, _JSON], default=_HTML) == _JSON


def home_response(request: Request[object, object, State]) -> Response[Any]:
    """Return the page, or its content in JSON for a caller who prefers that."""
    headers = {"Vary": "Accept"}
    if prefers_json(request):
        return file_response(request, _DOCUMENT, _JSON, **headers)
    return file_response(request, _PAGE, _HTML, **headers, **{"Content-Security-Policy": _POLICY})


def _item(path: str, title: str, description: str) -> str:
    return (
        f'        <li><a href="{escape(path)}">{escape(title)}</a> <code>{escape(path)}</code>'
        f"<p>{escape(description)}</p></li>"
    )


_DOCUMENT = msgspec.json.encode(
    {"name": "Lavka", "version": __version__} | {name: path for name, path, *_ in PLACES}
)
_PAGE = (
    Template(_TEMPLATE.read_text("utf-8"))
    .substitute(
        version=escape(__version__),
        places="\n".join(_item(*place) for _, *place in PLACES),
    )
    .encode()
)
