"""Routes of products."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    InsufficientStock,
    NotSoldInCurrency,
    PreconditionFailed,
    ProductNotFound,
    SkuTaken,
    VariantExists,
    VariantRequired,
)
from app.schemas.catalogue.product_query import CurrencyQuery, ProductQuery
from app.schemas.catalogue.product_schema import (
    ProductChange,
    ProductCreate,
    ProductPage,
    ProductRead,
)
from app.security.areas.catalogue import CatalogueScope
from app.security.principal import Access
from app.web.rendering.responses import cached_response, created_response, json_response
from app.web.request import ShopRequest
from app.web.respond_async import command_with_body, respond_async
from app.web.route_options import Deferral, declared, guarded
from app.wiring.areas.catalogue import Products


class ProductController(Controller):
    """Products."""

    path = "/products"
    tags = ["products"]

    @post(
        summary="Add a product",
        opt=declared(
            SkuTaken,
            VariantExists,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
            deferral=Deferral("product", "/api/v1/products/{id}"),
        ),
    )
    async def offer(
        self, request: ShopRequest, data: JSONBody[ProductCreate], products: Products
    ) -> Response[ProductRead]:
        """Add a product with its variants; the initial stock is recorded as a supply."""
        if (answer := await respond_async(request, await request.body(), 201)) is not None:
            return answer
        product = await products.offer(request.caller, data)
        return created_response(product, f"/api/v1/products/{product.id}")

    @get(
        summary="List products",
        opt=declared(access=Access.PUBLIC, query=ProductQuery)
        | guarded("include", access=Access.STAFF, scope=CatalogueScope.PRODUCTS_READ),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, products: Products
    ) -> Response[ProductPage]:
        """Return a page of the products for sale, filtered by words, category, price and stock."""
        asked = ProductQuery.parse_query(query.multi_items())
        return cached_response(request, await products.find(asked))

    @get(
        "/{product_id:uuid}",
        summary="Show a product",
        opt=declared(ProductNotFound, NotSoldInCurrency, access=Access.PUBLIC, query=CurrencyQuery),
    )
    async def read(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        query: QueryParams,
        products: Products,
    ) -> Response[ProductRead]:
        """Return a product with its options and its variants, or those sold in a currency."""
        asked = CurrencyQuery.parse_query(query.multi_items())
        return cached_response(request, await products.get(product_id, asked.currency))

    @patch(
        "/{product_id:uuid}",
        summary="Change a product",
        opt=declared(
            ProductNotFound,
            SkuTaken,
            VariantRequired,
            InsufficientStock,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
            deferral=Deferral("product_update"),
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        data: JSONBody[ProductChange],
        products: Products,
    ) -> Response[ProductRead]:
        """Change the given fields; a counted stock is recorded as a stocktake."""
        command = await command_with_body(request, "product_data", product_id=product_id)
        if (answer := await respond_async(request, command, 200)) is not None:
            return answer
        return json_response(
            request, await products.change(request.caller, product_id, data, request.if_match)
        )

    @delete(
        "/{product_id:uuid}",
        summary="Archive a product",
        opt=declared(
            ProductNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def archive(
        self, request: ShopRequest, product_id: FromPath[UUID], products: Products
    ) -> None:
        """Remove a product from the shop permanently; orders containing it keep it."""
        await products.archive(product_id, request.if_match)
