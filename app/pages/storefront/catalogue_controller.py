"""The pages of categories, of the search and of products."""

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParams

from app.errors import CategoryNotFound, ProductNotFound
from app.pages.rendering import HTML, document_of, origin_of, page
from app.pages.storefront.list_address import ListAddress
from app.pages.storefront.product_choice import choices_of, chosen_of, product_data
from app.schemas.catalogue.facet_schema import FacetQuery
from app.schemas.catalogue.product_query import ProductQuery
from app.security.principal import Access
from app.web.rendering.responses import moved_response
from app.web.request import ShopRequest
from app.web.route_options import declared, moved
from app.wiring.areas.catalogue import Categories, Facets, Images, ProductCategories, Products
from app.wiring.resources import Shop

_PER_PAGE = ("limit", "24")


class CatalogueController(Controller):
    """The goods of the shop."""

    include_in_schema = False

    @get(
        "/c/{path:path}",
        opt=declared(CategoryNotFound, access=Access.PUBLIC, formats=(HTML,)) | moved(),
    )
    async def category(
        self,
        request: ShopRequest,
        path: FromPath[str],
        query: QueryParams,
        categories: Categories,
        products: Products,
        facets: Facets,
    ) -> Response[Any]:
        """Show a category with its products; a former path redirects."""
        found = await categories.find(path)
        if isinstance(found, str):
            return moved_response(f"/c/{found}")
        category = document_of(found)
        tree = document_of(await categories.tree())["items"]
        asked = ListAddress(f"/c/{category['path']}", query.multi_items())
        fixed = (("category", category["id"]),)
        return page(
            request,
            "storefront/category.html",
            category=category,
            crumbs=_above(tree, category["path"])[:-1],
            children=[each for each in tree if each["parent_id"] == category["id"]],
            **await _listed(asked, fixed, products, facets),
        )

    @get("/s", opt=declared(access=Access.PUBLIC, formats=(HTML,)))
    async def search(
        self, request: ShopRequest, query: QueryParams, products: Products, facets: Facets
    ) -> Response[bytes]:
        """Show the products that the search finds, or all products."""
        asked = ListAddress("/s", query.multi_items())
        listed = await _listed(asked, (), products, facets)
        return page(request, "storefront/search.html", **listed)

    @get(
        "/p/{product_id:uuid}",
        opt=declared(ProductNotFound, access=Access.PUBLIC, formats=(HTML,)),
    )
    async def product(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        products: Products,
        images: Images,
        product_categories: ProductCategories,
        shop: NamedDependency[Shop],
    ) -> Response[bytes]:
        """Show a product, and one of its variants for purchase."""
        product = document_of(await products.get(product_id))
        low_stock_at = shop.settings.low_stock_at
        chosen = chosen_of(product, request.query_params.get("v"), low_stock_at)
        primary = document_of(await product_categories.of_product(product_id))["items"][:1]
        has_image = product.get("image") is not None
        shown = document_of(await images.of_product(product_id))["items"] if has_image else []
        return page(
            request,
            "storefront/product.html",
            product=product,
            chosen=chosen,
            choices=choices_of(product, chosen, low_stock_at),
            crumbs=primary,
            images=shown,
            includes_tax=shop.settings.prices_include_tax,
            data=product_data(product, chosen, primary, origin_of(request)),
        )


async def _listed(
    asked: ListAddress, fixed: tuple[tuple[str, str], ...], products: Products, facets: Facets
) -> dict[str, Any]:
    """Return the values for the template of a list; `fixed` are the filters of the page."""
    own = {name for name, _ in fixed}
    pairs = [pair for pair in asked.pairs if pair[0] not in own]
    filters = [pair for pair in asked.filters if pair[0] not in own]
    found = document_of(await products.find(ProductQuery.parse_query([*pairs, *fixed, _PER_PAGE])))
    counted = document_of(await facets.find(FacetQuery.parse_query([*filters, *fixed])))
    narrowing = {each["facet"]: each for each in counted["items"] if each["facet"] not in own}
    return {
        "asked": asked,
        "products": found["items"],
        "next": found["next"],
        "categories": narrowing.get("category", {}).get("values", []),
        "prices": narrowing.get("price", {}).get("values", []),
        "options": [each for name, each in narrowing.items() if name.startswith("option.")],
    }


def _above(tree: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """Return the categories along a path, from the top."""
    return [each for each in tree if path.startswith(each["path"])]
