"""The first page of the shop."""

from litestar import Controller, Response, get

from app.pages.rendering import HTML, document_of, page
from app.schemas.catalogue.product_query import ProductQuery
from app.security.principal import Access
from app.web.docs.home_page import home_response, prefers_json
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import Categories, Products

_NEWEST = "12"


class HomeController(Controller):
    """The first page."""

    path = "/"
    include_in_schema = False

    @get(opt=declared(access=Access.PUBLIC, formats=(HTML,)))
    async def show(
        self, request: ShopRequest, products: Products, categories: Categories
    ) -> Response[bytes]:
        """Show new products; a client that prefers JSON gets the links of the shop."""
        if prefers_json(request):
            return home_response(request)
        newest = ProductQuery.parse_query([("limit", _NEWEST), ("in_stock", "true")])
        found = document_of(await products.find(newest))
        tree = document_of(await categories.tree())["items"]
        top = [each for each in tree if each["depth"] == 1]
        return page(request, "storefront/home.html", products=found["items"], categories=top)
