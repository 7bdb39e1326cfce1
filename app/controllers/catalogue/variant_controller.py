"""Routes of the variants of products and of their options."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    InsufficientStock,
    LastVariant,
    NotSoldInCurrency,
    PreconditionFailed,
    ProductNotFound,
    SkuTaken,
    TooManyVariants,
    VariantExists,
    VariantNotFound,
    VariantsWouldCollide,
)
from app.schemas.catalogue.option_schema import (
    MadeVariants,
    MissingVariants,
    OptionsChange,
    OptionsChanged,
    OptionsQuery,
)
from app.schemas.catalogue.product_query import CurrencyQuery
from app.schemas.catalogue.variant_schema import (
    VariantChange,
    VariantCreate,
    VariantPage,
    VariantQuery,
    VariantRead,
)
from app.security.areas.catalogue import CatalogueScope
from app.security.principal import Access
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import Options, Variants


class VariantController(Controller):
    """Variants of all products."""

    path = "/variants"
    tags = ["products"]

    @get(
        summary="List variants",
        opt=declared(access=Access.STAFF, scope=CatalogueScope.PRODUCTS_READ, query=VariantQuery),
    )
    async def find_variants(
        self, request: ShopRequest, query: QueryParams, variants: Variants
    ) -> Response[VariantPage]:
        """Return a page of variants, newest first, or of those whose stock is low."""
        asked = VariantQuery.parse_query(query.multi_items())
        return json_response(request, await variants.find(asked))

    @get(
        "/{variant_id:uuid}",
        summary="Show a variant",
        opt=declared(VariantNotFound, NotSoldInCurrency, access=Access.PUBLIC, query=CurrencyQuery),
    )
    async def read_variant(
        self,
        request: ShopRequest,
        variant_id: FromPath[UUID],
        query: QueryParams,
        variants: Variants,
    ) -> Response[VariantRead]:
        """Return a variant."""
        asked = CurrencyQuery.parse_query(query.multi_items())
        return json_response(request, await variants.get(variant_id, asked.currency))

    @patch(
        "/{variant_id:uuid}",
        summary="Change a variant",
        opt=declared(
            VariantNotFound,
            SkuTaken,
            VariantExists,
            InsufficientStock,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def change_variant(
        self,
        request: ShopRequest,
        variant_id: FromPath[UUID],
        data: JSONBody[VariantChange],
        variants: Variants,
    ) -> Response[VariantRead]:
        """Change the given fields; a counted stock is recorded as a stocktake."""
        changed = await variants.change(request.caller, variant_id, data, request.if_match)
        return json_response(request, changed)

    @delete(
        "/{variant_id:uuid}",
        summary="Archive a variant",
        opt=declared(
            VariantNotFound,
            LastVariant,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def archive_variant(
        self, request: ShopRequest, variant_id: FromPath[UUID], variants: Variants
    ) -> None:
        """Remove a variant from its product permanently; orders containing it keep it."""
        await variants.archive(variant_id, request.if_match)


class ProductVariantController(Controller):
    """The variants and options of a product."""

    path = "/products/{product_id:uuid}"
    tags = ["products"]

    @post(
        "/variants",
        summary="Add a variant",
        opt=declared(
            ProductNotFound,
            SkuTaken,
            VariantExists,
            TooManyVariants,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def add_variant(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        data: JSONBody[VariantCreate],
        variants: Variants,
    ) -> Response[VariantRead]:
        """Add a variant to a product; its initial stock is recorded as a supply."""
        variant = await variants.add(request.caller, product_id, data)
        return created_response(variant, f"/api/v1/variants/{variant.id}")

    @post(
        "/variants/missing",
        summary="Add the missing variants",
        opt=declared(
            ProductNotFound,
            SkuTaken,
            TooManyVariants,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def add_missing_variants(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        data: JSONBody[MissingVariants],
        variants: Variants,
    ) -> Response[MadeVariants]:
        """Add a variant without stock for each combination of option values that has none."""
        made = await variants.add_missing(request.caller, product_id, data)
        return created_response(made, f"/api/v1/products/{product_id}")

    @put(
        "/options",
        summary="Change the options",
        opt=declared(
            ProductNotFound,
            VariantsWouldCollide,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
            query=OptionsQuery,
        ),
    )
    async def change_options(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        data: JSONBody[OptionsChange],
        query: QueryParams,
        options: Options,
    ) -> Response[OptionsChanged]:
        """Give a product these options; others are removed, and variants keep their values."""
        asked = OptionsQuery.parse_query(query.multi_items())
        outcome = await options.change(
            product_id, data, request.if_match, is_preview=asked.preview == "true"
        )
        return json_response(request, outcome)
