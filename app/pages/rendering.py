"""Renders pages from templates."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from litestar import Response

from app.cache.cache import Found
from app.pages.assets import Assets
from app.pages.formats import FILTERS
from app.pages.shown_form import ShownForm
from app.schemas.base import Schema, etag_of
from app.settings import Settings
from app.web.request import ShopRequest
from app.web.request_state import PageState, page_of

if TYPE_CHECKING:
    from jinja2 import Environment

HTML = "text/html"
_TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """The templates of pages, compiled at their first use."""

    def __init__(self, settings: Settings, assets: Assets) -> None:
        self._settings = settings
        self._assets = assets

    def render(self, template: str, **values: Any) -> bytes:
        """Return a page."""
        return self._environment.get_template(template).render(values).encode()

    def problem(self, problem: dict[str, Any], request_id: str, *, is_console: bool) -> bytes:
        """Return the page of a problem: the template of its type, or that of all others."""
        code = str(problem.get("type", "")).removeprefix("urn:problem:")
        names = [f"problems/{code}.html", f"problems/{problem['status']}.html", "problems/any.html"]
        template = self._environment.select_template(names)
        return template.render(
            problem=problem, request_id=request_id, is_console=is_console, caller=None
        ).encode()

    @cached_property
    def _environment(self) -> "Environment":
        # A shop whose API alone is used never needs the library.
        from jinja2 import (  # pylint: disable=import-outside-toplevel
            Environment,
            FileSystemLoader,
            StrictUndefined,
        )

        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters |= FILTERS
        environment.globals |= {
            "asset": self._assets.address_of,
            "currency": self._settings.shop_currency,
            "has_storefront": self._settings.storefront == "on",
            "shop_name": self._settings.shop_name,
        }
        return environment


def page(request: ShopRequest, template: str, **values: Any) -> Response[bytes]:
    """Return a page, whose template also has `form`, `caller`, `address` and `has_cart`."""
    pages: Pages = request.app.state.pages
    its = page_state(request)
    body = pages.render(
        template,
        address=address_of(request),
        caller=request.caller,
        form=ShownForm(its.form_token, address_of(request), its.refused),
        has_cart=its.cart_id is not None or not request.caller.is_anonymous,
        **values,
    )
    # The content depends on the cookies, and a page that is shown again must be current.
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    return Response(body, media_type=HTML, headers=headers)


def page_state(request: ShopRequest) -> PageState:
    """Return the state of a request for a page."""
    return page_of(request.scope)


def address_of(request: ShopRequest) -> str:
    """Return the path and query of a request."""
    query = request.scope["query_string"].decode("latin-1")
    path = quote(request.scope["path"])
    return f"{path}?{query}" if query else path


def origin_of(request: ShopRequest) -> str:
    """Return the address of the shop from the request, to which a path can be appended."""
    return str(request.base_url).rstrip("/")


def see(address: str) -> Response[bytes]:
    """Return the redirection after a form, so that a reload does not send the form again."""
    headers = {"Location": address, "Cache-Control": "no-store"}
    return Response(b"", status_code=303, headers=headers, media_type=HTML)


def document_of(found: Found | Schema | Sequence[Schema]) -> Any:
    """Return the decoded response of the API: pages show the same values."""
    if isinstance(found, Found):
        return msgspec.json.decode(found.representation.body)
    if isinstance(found, Schema):
        return msgspec.json.decode(found.to_json())
    return [document_of(each) for each in found]


def changeable(shown: Schema) -> dict[str, Any]:
    """Return a document with its entity tag, which its form sends as the version."""
    document: dict[str, Any] = document_of(shown)
    return document | {"etag": etag_of(shown.to_json())}
