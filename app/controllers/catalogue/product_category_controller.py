"""Routes of the categories of a product."""

from uuid import UUID

from litestar import Controller, Response, get, put
from litestar.params import FromPath, JSONBody

from app.errors import CategoryNotFound, PreconditionFailed, ProductNotFound
from app.schemas.catalogue.category_schema import ProductCategoriesChange, ProductCategoriesRead
from app.security.areas.catalogue import CatalogueScope
from app.security.principal import Access
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import ProductCategories


class ProductCategoryController(Controller):
    """The categories of a product."""

    path = "/products/{product_id:uuid}/categories"
    tags = ["products"]

    @get(
        summary="List the categories of a product",
        opt=declared(ProductNotFound, access=Access.PUBLIC),
    )
    async def find(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        product_categories: ProductCategories,
    ) -> Response[ProductCategoriesRead]:
        """Return the categories of a product, the primary one first."""
        return json_response(request, await product_categories.of_product(product_id))

    @put(
        summary="Replace the categories of a product",
        opt=declared(
            ProductNotFound,
            CategoryNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def replace(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        data: JSONBody[ProductCategoriesChange],
        product_categories: ProductCategories,
    ) -> Response[ProductCategoriesRead]:
        """Replace the categories of a product; the first one becomes the primary one."""
        shown = await product_categories.replace(product_id, data, request.if_match)
        return json_response(request, shown)
