"""Routes of the stock of products and variants."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    InsufficientStock,
    ProductNotFound,
    VariantNotFound,
    VariantRequired,
)
from app.schemas.catalogue.stock_schema import (
    StockMovementCreate,
    StockMovementPage,
    StockMovementQuery,
    StockMovementRead,
)
from app.security.areas.catalogue import CatalogueScope
from app.security.principal import Access
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import Stock


class ProductStockController(Controller):
    """The stock of products."""

    path = "/products/{product_id:uuid}/stock"
    tags = ["products"]

    @get(
        summary="List stock movements",
        opt=declared(
            ProductNotFound,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_READ,
            query=StockMovementQuery,
        ),
    )
    async def movements(
        self, request: ShopRequest, product_id: FromPath[UUID], query: QueryParams, stock: Stock
    ) -> Response[StockMovementPage]:
        """Return a page of the stock movements of a product's variants, newest first."""
        asked = StockMovementQuery.parse_query(query.multi_items())
        return json_response(request, await stock.of_product(product_id, asked))

    @post(
        summary="Move stock",
        opt=declared(
            ProductNotFound,
            VariantRequired,
            InsufficientStock,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def move_stock(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        data: JSONBody[StockMovementCreate],
        stock: Stock,
    ) -> Response[StockMovementRead]:
        """Add units to the stock of a product with one variant, or remove them from it."""
        movement = await stock.move(request.caller, product_id, data)
        return created_response(movement, f"/api/v1/products/{product_id}/stock")


class VariantStockController(Controller):
    """The stock of variants."""

    path = "/variants/{variant_id:uuid}/stock"
    tags = ["products"]

    @get(
        summary="List the stock movements of a variant",
        opt=declared(
            VariantNotFound,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_READ,
            query=StockMovementQuery,
        ),
    )
    async def variant_movements(
        self, request: ShopRequest, variant_id: FromPath[UUID], query: QueryParams, stock: Stock
    ) -> Response[StockMovementPage]:
        """Return a page of the stock movements of a variant, newest first."""
        asked = StockMovementQuery.parse_query(query.multi_items())
        return json_response(request, await stock.of_variant(variant_id, asked))

    @post(
        summary="Move the stock of a variant",
        opt=declared(
            VariantNotFound,
            InsufficientStock,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def move_variant_stock(
        self,
        request: ShopRequest,
        variant_id: FromPath[UUID],
        data: JSONBody[StockMovementCreate],
        stock: Stock,
    ) -> Response[StockMovementRead]:
        """Add units to the stock of a variant or remove them from it."""
        movement = await stock.move_of_variant(request.caller, variant_id, data)
        return created_response(movement, f"/api/v1/variants/{variant_id}/stock")
