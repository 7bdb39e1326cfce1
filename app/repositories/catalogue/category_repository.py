"""Queries over the tree of categories."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select

from app.errors import CategoryNotFound
from app.models import Category, CategoryRedirect, Product, ProductCategory
from app.repositories.base import Repository
from app.repositories.bulk import among, table_of

_categories = table_of(Category)
_redirects = table_of(CategoryRedirect)

PATH_END = "~"
"""The end of a path's range: it sorts after every character of a path."""


class CategoryRepository(Repository[Category]):
    """The categories of the tree."""

    model = Category
    not_found = CategoryNotFound

    async def all(self) -> Sequence[Any]:
        """Return the columns of all categories that the document of the tree needs."""
        columns = _categories.c
        rows = await self.session.execute(
            select(
                columns.id,
                columns.parent_id,
                columns.slug,
                columns.path,
                columns.depth,
                columns.position,
                columns.name,
                columns.is_active,
            )
        )
        return rows.all()

    async def counts_for_sale(self) -> dict[UUID, int]:
        """Return the numbers of the products that are for sale, by their primary category."""
        # The first grouping is that of the index of facets, which SQLite then reads without the
        # table.
        alike = (
            select(Product.primary_category_id.label("category_id"), func.count().label("number"))
            .where(Product.archived_at.is_(None), Product.is_active)
            .group_by(Product.availability, Product.price_minor, Product.primary_category_id)
            .subquery()
        )
        rows = await self.session.execute(
            select(alike.c.category_id, func.sum(alike.c.number)).group_by(alike.c.category_id)
        )
        return {row[0]: int(row[1]) for row in rows if row[0] is not None}

    async def are_active(self, paths: Collection[str]) -> bool:
        """Return whether all categories with these paths are shown."""
        hidden = select(_categories.c.id).where(
            among(self.session, _categories.c.path, paths), _categories.c.is_active.is_(False)
        )
        return not await self.session.scalar(select(exists(hidden)))

    async def id_at(self, path: str) -> UUID | None:
        """Return the id of the category with a path, if there is one."""
        found: UUID | None = await self.session.scalar(
            select(_categories.c.id).where(_categories.c.path == path)
        )
        return found

    async def path_after(self, path: str) -> str | None:
        """Return the current path of the category that formerly had a path, if there is one."""
        found: str | None = await self.session.scalar(
            select(_categories.c.path)
            .join(_redirects, _redirects.c.category_id == _categories.c.id)
            .where(_redirects.c.path == path)
        )
        return found

    async def slugs_below(self, parent_id: UUID | None) -> set[str]:
        """Return the slugs of the children of a category, or of the categories at the top."""
        query = select(_categories.c.slug).where(
            _categories.c.parent_id.is_not_distinct_from(parent_id)
        )
        return set(await self.session.scalars(query))

    async def below(self, path: str) -> Sequence[Any]:
        """Return id, path and depth of a category and of its descendants."""
        columns = _categories.c
        rows = await self.session.execute(
            select(columns.id, columns.path, columns.depth)
            .where(columns.path >= path, columns.path < path + PATH_END)
            .order_by(columns.path)
        )
        return rows.all()

    async def has_children(self, category_id: UUID) -> bool:
        """Return whether a category has children."""
        below = select(_categories.c.id).where(_categories.c.parent_id == category_id)
        return bool(await self.session.scalar(select(exists(below))))

    async def lock_shared(self, ids: Collection[UUID]) -> dict[UUID, Category]:
        """Return categories, locked so that they keep their names until the transaction ends.

        Raises:
            CategoryNotFound: an id belongs to no category.
        """
        rows = await self.session.scalars(
            self.query()
            .where(among(self.session, Category.id, ids))
            .order_by(Category.id)
            .with_for_update(read=True)
            .execution_options(populate_existing=True)
        )
        found = {row.id: row for row in rows}
        for each in ids:
            if each not in found:
                raise CategoryNotFound.of(each)
        return found

    async def of_product(self, product: Product) -> list[Category]:
        """Return the categories of a product, the primary one first."""
        further = (
            select(Category, ProductCategory.position)
            .join(ProductCategory, ProductCategory.category_id == Category.id)
            .where(ProductCategory.product_id == product.id)
            .order_by(ProductCategory.position, Category.id)
        )
        primary = (
            select(Category)
            .join(Product, Product.primary_category_id == Category.id)
            .where(Product.id == product.id)
        )
        rows = [*await self.session.scalars(primary)]
        rows += [row[0] for row in await self.session.execute(further) if row[0] not in rows]
        return rows
