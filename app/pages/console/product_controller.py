"""The pages of products: the list, a new product, and a product with its variants and images."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.errors import (
    InsufficientStock,
    InvalidInput,
    LastVariant,
    PreconditionFailed,
    ProductNotFound,
    SkuTaken,
    TooManyVariants,
    VariantExists,
    VariantNotFound,
    VariantsWouldCollide,
)
from app.pages.console.asked import address_without_cursor, asked, filters_of
from app.pages.console.product_forms import (
    FurtherValuesForm,
    NewProductForm,
    missing_of,
)
from app.pages.console.product_pages import create, save_grid, show_product
from app.pages.forms import form_of
from app.pages.rendering import HTML, document_of, page, see
from app.schemas.catalogue.option_schema import OptionsChange
from app.schemas.catalogue.product_query import StaffProductQuery
from app.schemas.catalogue.product_schema import ProductChange
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import Categories, Images, Options, Products, Variants

PRODUCTS = "/console/products"


class ProductPages(Controller):
    """The pages of products."""

    path = PRODUCTS
    include_in_schema = False

    @get(opt=declared(InvalidInput, access=Access.STAFF, formats=(HTML,)))
    async def find(
        self, request: ShopRequest, products: Products, categories: Categories
    ) -> Response[bytes]:
        """Show the products that fit the filters."""
        found = await products.find(asked(request, StaffProductQuery))
        return page(
            request,
            "console/products.html",
            products=document_of(found),
            categories=document_of(await categories.tree(includes_all=True)),
            filters=filters_of(request),
            list_address=address_without_cursor(request),
        )

    @get("/new", opt=declared(access=Access.STAFF, formats=(HTML,)))
    async def show_new(self, request: ShopRequest, categories: Categories) -> Response[bytes]:
        """Show the form of a new product."""
        tree = document_of(await categories.tree(includes_all=True))
        return page(request, "console/product_new.html", categories=tree)

    @post("/new", opt=declared(SkuTaken, VariantExists, TooManyVariants, access=Access.STAFF))
    async def add(
        self, request: ShopRequest, products: Products, variants: Variants
    ) -> Response[bytes]:
        """Add a product with a variant for each combination of the values of its options."""
        entered = form_of(request, NewProductForm, whole=("stock_quantity",), flags=("is_active",))
        return see(f"{PRODUCTS}/{await create(request, products, variants, entered)}")

    @get("/{product_id:uuid}", opt=declared(ProductNotFound, access=Access.STAFF, formats=(HTML,)))
    async def show(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        products: Products,
        variants: Variants,
        images: Images,
    ) -> Response[bytes]:
        """Show a product with its variants and images."""
        return await show_product(request, product_id, products, variants, images)

    @post(
        "/{product_id:uuid}",
        opt=declared(ProductNotFound, PreconditionFailed, access=Access.STAFF),
    )
    async def change(
        self, request: ShopRequest, product_id: FromPath[UUID], products: Products
    ) -> Response[bytes]:
        """Change the fields of a product, or whether it is for sale."""
        change = form_of(request, ProductChange, flags=("is_active",), blank={"description": ""})
        await products.change(request.caller, product_id, change, request.if_match)
        return see(f"{PRODUCTS}/{product_id}")

    @post(
        "/{product_id:uuid}/variants",
        opt=declared(
            VariantNotFound,
            SkuTaken,
            InsufficientStock,
            PreconditionFailed,
            access=Access.STAFF,
        ),
    )
    async def change_variants(
        self, request: ShopRequest, product_id: FromPath[UUID], variants: Variants
    ) -> Response[bytes]:
        """Change SKUs, prices and counted stock of variants."""
        await save_grid(request, variants)
        return see(f"{PRODUCTS}/{product_id}#variants")

    @post(
        "/{product_id:uuid}/missing",
        opt=declared(ProductNotFound, SkuTaken, TooManyVariants, access=Access.STAFF),
    )
    async def add_missing(
        self, request: ShopRequest, product_id: FromPath[UUID], variants: Variants
    ) -> Response[bytes]:
        """Add the variants of all combinations of option values that have none."""
        wanted = missing_of(form_of(request, FurtherValuesForm).further)
        await variants.add_missing(request.caller, product_id, wanted)
        return see(f"{PRODUCTS}/{product_id}#variants")

    @post(
        "/{product_id:uuid}/options",
        opt=declared(
            ProductNotFound, VariantsWouldCollide, PreconditionFailed, access=Access.STAFF
        ),
    )
    async def change_options(
        self, request: ShopRequest, product_id: FromPath[UUID], options: Options
    ) -> Response[bytes]:
        """Give a product other options."""
        wanted = form_of(request, OptionsChange)
        await options.change(product_id, wanted, request.if_match, is_preview=False)
        return see(f"{PRODUCTS}/{product_id}#variants")

    @post(
        "/{product_id:uuid}/variants/{variant_id:uuid}/archive",
        opt=declared(VariantNotFound, LastVariant, PreconditionFailed, access=Access.STAFF),
    )
    async def archive_variant(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        variant_id: FromPath[UUID],
        variants: Variants,
    ) -> Response[bytes]:
        """Remove a variant from its product."""
        await variants.archive(variant_id, request.if_match)
        return see(f"{PRODUCTS}/{product_id}#variants")

    @post(
        "/{product_id:uuid}/archive",
        opt=declared(ProductNotFound, PreconditionFailed, access=Access.STAFF),
    )
    async def archive(
        self, request: ShopRequest, product_id: FromPath[UUID], products: Products
    ) -> Response[bytes]:
        """Remove a product from the shop."""
        await products.archive(product_id, request.if_match)
        return see(PRODUCTS)
