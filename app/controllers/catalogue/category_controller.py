"""Routes of categories."""

from typing import Any
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.cache.cache import Found
from app.errors import (
    CategoryCycle,
    CategoryNotEmpty,
    CategoryNotFound,
    CategoryTooDeep,
    InvalidInput,
    PreconditionFailed,
    SlugTaken,
)
from app.schemas.catalogue.category_schema import (
    CategoryChange,
    CategoryCreate,
    CategoryDeletion,
    CategoryList,
    CategoryPath,
    CategoryQuery,
    CategoryRead,
)
from app.security.areas.catalogue import CatalogueScope
from app.security.principal import Access
from app.web.rendering.responses import (
    cached_response,
    created_response,
    json_response,
    moved_response,
)
from app.web.request import ShopRequest
from app.web.route_options import declared, guarded, moved
from app.wiring.areas.catalogue import Categories

_ALL_FOR_STAFF = guarded("include", access=Access.STAFF, scope=CatalogueScope.PRODUCTS_READ)


class CategoryController(Controller):
    """The categories of products."""

    path = "/categories"
    tags = ["products"]

    @get(
        summary="List categories",
        opt=declared(access=Access.PUBLIC, query=CategoryQuery) | _ALL_FOR_STAFF,
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, categories: Categories
    ) -> Response[CategoryList]:
        """Return the tree: the categories with products for sale, and their ancestors."""
        asked = CategoryQuery.parse_query(query.multi_items())
        return cached_response(request, await categories.tree(includes_all=asked.includes_all))

    @get(
        "/{category_id:uuid}",
        summary="Show a category",
        opt=declared(CategoryNotFound, access=Access.PUBLIC, query=CategoryQuery) | _ALL_FOR_STAFF,
    )
    async def read(
        self,
        request: ShopRequest,
        category_id: FromPath[UUID],
        query: QueryParams,
        categories: Categories,
    ) -> Response[CategoryRead]:
        """Return a category."""
        asked = CategoryQuery.parse_query(query.multi_items())
        found = await categories.get(category_id, includes_all=asked.includes_all)
        return cached_response(request, found)

    @get(
        "/by-path",
        summary="Show the category at a path",
        opt=declared(CategoryNotFound, access=Access.PUBLIC, query=CategoryPath) | moved(),
    )
    async def read_at(
        self, request: ShopRequest, query: QueryParams, categories: Categories
    ) -> Response[CategoryRead]:
        """Return a category; a former path redirects to the current one."""
        asked = CategoryPath.parse_query(query.multi_items())
        return _found_or_moved(request, await categories.find(asked.path))

    @post(
        summary="Add a category",
        opt=declared(
            CategoryNotFound,
            CategoryTooDeep,
            SlugTaken,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def add(
        self, data: JSONBody[CategoryCreate], categories: Categories
    ) -> Response[CategoryRead]:
        """Add a category at the top or below another one."""
        category = await categories.add(data)
        return created_response(category, f"/api/v1/categories/{category.id}")

    @patch(
        "/{category_id:uuid}",
        summary="Change a category",
        opt=declared(
            CategoryNotFound,
            CategoryCycle,
            CategoryTooDeep,
            SlugTaken,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        category_id: FromPath[UUID],
        data: JSONBody[CategoryChange],
        categories: Categories,
    ) -> Response[CategoryRead]:
        """Change the given fields; a new slug or parent changes the paths of all descendants."""
        return json_response(request, await categories.change(category_id, data, request.if_match))

    @delete(
        "/{category_id:uuid}",
        summary="Delete a category",
        opt=declared(
            CategoryNotFound,
            CategoryNotEmpty,
            InvalidInput,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
            query=CategoryDeletion,
        ),
    )
    async def delete(
        self,
        request: ShopRequest,
        category_id: FromPath[UUID],
        query: QueryParams,
        categories: Categories,
    ) -> None:
        """Delete a category without children; products, if any, go to another category."""
        asked = CategoryDeletion.parse_query(query.multi_items())
        await categories.delete(category_id, asked.move_products_to, request.if_match)


def _found_or_moved(request: ShopRequest, found: Found | str) -> Response[Any]:
    if isinstance(found, Found):
        return cached_response(request, found)
    return moved_response(f"/api/v1/categories/by-path?path={found}")
