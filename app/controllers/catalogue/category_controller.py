"""Routes of categories."""

from litestar import Controller, Response, get

from app.schemas.catalogue.product_schema import CategoryList
from app.security.principal import Access
from app.web.rendering.responses import cached_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.catalogue import Products


class CategoryController(Controller):
    """The categories of products."""

    path = "/categories"
    tags = ["products"]

    @get(summary="List categories", opt=declared(access=Access.PUBLIC))
    async def find(self, request: ShopRequest, products: Products) -> Response[CategoryList]:
        """Return the categories of the products for sale, with the number of products in each."""
        return cached_response(request, await products.categories())
