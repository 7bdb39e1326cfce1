"""The files for crawlers: the sitemap, and robots.txt."""

from collections.abc import Iterable
from html import escape
from uuid import UUID

from litestar import Controller, Response, get

from app.errors import InvalidInput
from app.pages.rendering import document_of, origin_of
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import Categories, Products

_MOST = 10_000
"""The maximum number of addresses on a page of the sitemap; crawlers accept 50,000."""
_TEXT, _XML = "text/plain", "application/xml"
_NOT_FOR_CRAWLERS = ("/account", "/cart", "/checkout", "/console", "/log-in", "/orders", "/s?")
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_KEPT = {"Cache-Control": "public, max-age=3600"}


class SitemapController(Controller):
    """The sitemap (https://www.sitemaps.org/protocol.html), and robots.txt."""

    include_in_schema = False

    @get("/robots.txt", opt=declared(access=Access.PUBLIC, formats=(_TEXT,)))
    async def robots(self, request: ShopRequest) -> Response[bytes]:
        """Return the paths that search engines need not read."""
        lines = ["User-agent: *", *(f"Disallow: {each}" for each in _NOT_FOR_CRAWLERS)]
        lines += [f"Sitemap: {origin_of(request)}/sitemap.xml", ""]
        return Response("\n".join(lines).encode(), media_type=_TEXT, headers=_KEPT)

    @get("/sitemap.xml", opt=declared(InvalidInput, access=Access.PUBLIC, formats=(_XML,)))
    async def sitemap(
        self, request: ShopRequest, products: Products, categories: Categories
    ) -> Response[bytes]:
        """Return the pages of the sitemap, or the addresses on one page.

        Pages are distinguished by a query, because a sitemap may only name addresses below its own.
        """
        query, base = request.query_params, origin_of(request)
        if (first := query.get("products")) is not None:
            ids = await products.ids_from(_id_of(first), _MOST)
            return _answer("urlset", "url", (f"{base}/p/{each}" for each in ids))
        if "categories" in query:
            tree = document_of(await categories.tree())["items"][: _MOST - 1]
            paths = ["", *(f"c/{each['path']}" for each in tree)]
            return _answer("urlset", "url", (f"{base}/{each}" for each in paths))
        parts = [f"products={each}" for each in await products.every_id(_MOST)]
        pages = (f"{base}/sitemap.xml?{each}" for each in ("categories", *parts))
        return _answer("sitemapindex", "sitemap", pages)


def _answer(whole: str, part: str, addresses: Iterable[str]) -> Response[bytes]:
    inside = "".join(f"<{part}><loc>{escape(each)}</loc></{part}>" for each in addresses)
    body = f'<?xml version="1.0" encoding="UTF-8"?><{whole} xmlns="{_SITEMAP}">{inside}</{whole}>'
    return Response(body.encode(), media_type=_XML, headers=_KEPT)


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        errors = [{"parameter": "products", "detail": "must be the id of a product"}]
        raise InvalidInput("there is no such page of the sitemap", errors) from None
