"""The pages under `/docs` and their documents, which need no other host and work offline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, Router
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import License, Tag
from litestar.static_files import create_static_files_router

from app import __version__
from app.web.docs.asyncapi import message_document
from app.web.docs.messages_page import page_of
from app.web.docs.openapi import complete
from app.web.rendering.problems import AnyRequest, render_http_error

_STATIC = Path(__file__).parent / "static"


def documentation(tags: Sequence[Tag]) -> OpenAPIConfig:
    """Return the OpenAPI configuration: title, groups of routes, and the pages that render it."""
    return OpenAPIConfig(
        title="Lavka",
        version=__version__,
        description=(
            "A headless shop backend. Amounts are decimal strings in the shop's currency, times "
            "are UTC, lists are keyset pages, errors are problem documents (RFC 9457). "
            "Messages over queues are described at [/docs/messages](/docs/messages)."
        ),
        license=License(name="MIT", identifier="MIT"),
        tags=list(tags),
        path="/docs",
        render_plugins=[_SwaggerPage(), _Document(), _MessageDocument(), _MessagePage()],
        operation_id_creator=_operation_id,
        use_handler_docstrings=True,
    )


def documentation_assets() -> Router:
    """Return the routes of the files that the page at `/docs` loads."""
    return create_static_files_router(
        "/docs/assets",
        [_STATIC],
        include_in_schema=False,
        # The file system raises ValueError for a name with a zero byte.
        exception_handlers={ValueError: _no_such_file},
    )


def _operation_id(handler: HTTPRouteHandler, _method: object, _path: object) -> str:
    """Return the name that generated clients use: `order_place` of `OrderController.place`."""
    controller, _, name = handler.fn.__qualname__.partition(".")
    return f"{controller.removesuffix('Controller').lower()}_{name}"


def _no_such_file(request: AnyRequest, _error: ValueError) -> Response[bytes]:
    return render_http_error(request, NotFoundException())


class _SwaggerPage(OpenAPIRenderPlugin):
    """Swagger UI at `/docs`."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)
        self._page = (_STATIC / "docs.html").read_bytes()

    def receive_router(self, router: Router) -> None:
        """Remove the page for unknown paths: their response is a problem."""
        router.routes = [route for route in router.routes if not route.path_parameters]

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        return self._page


class _Document(OpenAPIRenderPlugin):
    """The document at `/docs/openapi.json`, built once."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type=MediaType.JSON)
        self._document: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the document."""
        if self._document is None:
            self._document = msgspec.json.encode(complete(openapi_schema, request.app))
        return self._document


class _MessageDocument(OpenAPIRenderPlugin):
    """The AsyncAPI document at `/docs/asyncapi.json`, built once."""

    def __init__(self) -> None:
        super().__init__(path="/asyncapi.json", media_type=MediaType.JSON)
        self._document: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the document."""
        if self._document is None:
            self._document = msgspec.json.encode(message_document())
        return self._document


class _MessagePage(OpenAPIRenderPlugin):
    """The page of the AsyncAPI document at `/docs/messages`, built once."""

    def __init__(self) -> None:
        super().__init__(path="/messages", media_type=MediaType.HTML)
        self._page: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        if self._page is None:
            self._page = page_of(message_document()).encode()
        return self._page
