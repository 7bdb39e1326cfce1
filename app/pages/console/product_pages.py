"""The work of the pages of products that needs several services."""

from uuid import UUID

from litestar import Response

from app.pages.console.product_forms import GRID_ROWS, GridForm, GridRow, NewProductForm
from app.pages.forms import fields_of, form_of
from app.pages.rendering import changeable, document_of, page
from app.schemas.catalogue.variant_schema import VariantChange, VariantQuery, VariantRead
from app.services.catalogue.images.image_service import ImageService
from app.services.catalogue.product_service import ProductService
from app.services.catalogue.variant_service import VariantService
from app.web.request import ShopRequest

_AT_ONCE = 100
_CHANGED = ("sku", "price_minor", "stock_quantity", "is_active")


async def create(
    request: ShopRequest,
    products: ProductService,
    variants: VariantService,
    entered: NewProductForm,
) -> UUID:
    """Add a product, and a variant for each combination of the values of its options.

    Raises:
        SkuTaken, VariantExists, TooManyVariants: nothing is added.
    """
    added = await products.offer(request.caller, entered.product)
    if entered.options:
        await variants.add_missing(request.caller, added.id, entered.missing)
    return added.id


async def show_product(
    request: ShopRequest,
    product_id: UUID,
    products: ProductService,
    variants: VariantService,
    images: ImageService,
) -> Response[bytes]:
    """Return the page of a product with its variants and images.

    Raises:
        ProductNotFound: the product does not exist.
    """
    found = await products.get(product_id)
    its = await _variants_of(variants, product_id)
    part = request.query_params.get("part", "1")
    first = GRID_ROWS * (int(part) - 1) if part.isdecimal() and part != "0" else 0
    return page(
        request,
        "console/product.html",
        product=document_of(found),
        version=found.representation.etag,
        variants=[changeable(each) for each in its[first : first + GRID_ROWS]],
        variants_count=len(its),
        part_rows=GRID_ROWS,
        images=[
            changeable(each)
            for each in (await images.of_product(product_id, includes_all=True)).items
        ],
    )


async def save_grid(request: ShopRequest, variants: VariantService) -> None:
    """Change the variants whose typed values differ from those that the page showed.

    Raises:
        InvalidInput: the error names each wrong field.
        VariantNotFound, SkuTaken, PreconditionFailed: nothing is changed.
    """
    names = [name for name, _ in fields_of(request)]
    typed = form_of(
        request,
        GridForm,
        whole=[name for name in names if name.endswith(".stock_quantity")],
        flags=[name for name in names if name.endswith(".is_active")],
    )
    for row in typed.variants:
        await _save(request, variants, row)


async def _save(request: ShopRequest, variants: VariantService, row: GridRow) -> None:
    now = await variants.get(row.id)
    # This is the price of the variant itself, not the lower one of a price list.
    base: int | None = now.base_minor
    shown = {name: getattr(now, name) for name in _CHANGED}
    shown["price_minor"] = now.price_minor if base is None else base
    wanted = {name: getattr(row, name) for name in _CHANGED if getattr(row, name) != shown[name]}
    if not wanted:
        return
    change = VariantChange.model_construct(set(wanted), **wanted)
    await variants.change(request.caller, row.id, change, row.version)


async def _variants_of(variants: VariantService, product_id: UUID) -> list[VariantRead]:
    found: list[VariantRead] = []
    cursor: str | None = None
    while True:
        query = VariantQuery(product_id=product_id, limit=_AT_ONCE, cursor=cursor)
        its = await variants.find(query)
        found += its.items
        cursor = its.next
        if cursor is None:
            return sorted(found, key=lambda each: each.position)
