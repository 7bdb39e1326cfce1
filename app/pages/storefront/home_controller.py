"""The first page of the shop, and what programs that crawl it read."""

from html import escape

from litestar import Controller, Response, get

from app.pages.rendering import HTML, document_of, page
from app.schemas.catalogue.product_query import ProductQuery
from app.security.principal import Access
from app.web.docs.home_page import home_response, prefers_json
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import Categories, Products

_NEWEST, _IN_SITEMAP = "12", "100"
_TEXT, _XML = "text/plain", "application/xml"
_NOT_FOR_CRAWLERS = ("/account", "/cart", "/checkout", "/console", "/log-in", "/orders", "/s?")
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


class HomeController(Controller):
    """The first page."""

    path = "/"
    include_in_schema = False

    @get(opt=declared(access=Access.PUBLIC, formats=(HTML,)))
    async def show(
        self, request: ShopRequest, products: Products, categories: Categories
    ) -> Response[bytes]:
        """Show what is new; to a program, return what is where."""
        if prefers_json(request):
            return home_response(request)
        newest = ProductQuery.parse_query([("limit", _NEWEST), ("in_stock", "true")])
        found = document_of(await products.find(newest))
        tree = document_of(await categories.tree())["items"]
        top = [each for each in tree if each["depth"] == 1]
        return page(request, "storefront/home.html", products=found["items"], categories=top)

    @get("robots.txt", opt=declared(access=Access.PUBLIC, formats=(_TEXT,)))
    async def robots(self, request: ShopRequest) -> Response[bytes]:
        """Say what search engines need not read."""
        lines = ["User-agent: *", *(f"Disallow: {each}" for each in _NOT_FOR_CRAWLERS)]
        lines += [f"Sitemap: {_base_of(request)}/sitemap.xml", ""]
        return Response("\n".join(lines).encode(), media_type=_TEXT)

    @get("sitemap.xml", opt=declared(access=Access.PUBLIC, formats=(_XML,)))
    async def sitemap(
        self, request: ShopRequest, products: Products, categories: Categories
    ) -> Response[bytes]:
        """Name the first page, the categories and the newest products."""
        newest = ProductQuery.parse_query([("limit", _IN_SITEMAP)])
        found = document_of(await products.find(newest))["items"]
        tree = document_of(await categories.tree())["items"]
        paths = ["/", *(f"/c/{each['path']}" for each in tree)]
        paths += [f"/p/{each['id']}" for each in found]
        base = _base_of(request)
        places = "".join(f"<url><loc>{escape(base + path)}</loc></url>" for path in paths)
        body = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="{_SITEMAP}">{places}</urlset>'
        return Response(body.encode(), media_type=_XML)


def _base_of(request: ShopRequest) -> str:
    return str(request.base_url).rstrip("/")
