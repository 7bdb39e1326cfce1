"""The tree of categories, and the categories of a product."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.cache.areas.catalogue import CATEGORIES, PRODUCT_LISTS
from app.cache.cache import Cache, Found, Tier
from app.cache.representation import Representation
from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import (
    CategoryCycle,
    CategoryNotEmpty,
    CategoryNotFound,
    CategoryTooDeep,
    SlugTaken,
)
from app.models import Category
from app.repositories.catalogue.category_tree_repository import CategoryTreeRepository
from app.repositories.catalogue.primary_category_repository import PrimaryCategoryRepository
from app.schemas.catalogue.category_schema import (
    MAX_CATEGORIES,
    MAX_DEPTH,
    CategoryChange,
    CategoryCreate,
    CategoryList,
    CategoryListed,
    CategoryRead,
)
from app.schemas.slugs import free_slug
from app.services.preconditions import require_match

_PLAIN = ("name", "description", "position", "is_active", "seo_title", "seo_description")


class CategoryService:
    """Returns, adds, changes, moves and deletes categories."""

    def __init__(
        self,
        tree: CategoryTreeRepository,
        products: PrimaryCategoryRepository,
        clock: Clock,
        cache: Cache,
    ) -> None:
        self._tree = tree
        self._products = products
        self._clock = clock
        self._cache = cache

    async def tree(self, *, includes_all: bool = False) -> Found:
        """Return the categories of the products that are for sale, and their ancestors."""

        async def load() -> Representation:
            items = listed(await self._tree.all(), await self._tree.counts_for_sale(), includes_all)
            return Representation.of(CategoryList(items=items[:MAX_CATEGORIES]))

        if includes_all:
            return Found(await load(), Tier.MISS)
        return await self._cache.show_list(PRODUCT_LISTS, "categories", load)

    async def get(self, category_id: UUID, *, includes_all: bool = False) -> Found:
        """Return a category.

        Raises:
            CategoryNotFound: the category does not exist, or it or an ancestor is not shown.
        """

        async def load() -> Representation:
            category = await self._tree.get(category_id)
            if not includes_all and not await self._tree.are_active(_paths_to(category.path)):
                raise CategoryNotFound.of(category_id)
            return Representation.of(CategoryRead.model_validate(category))

        if includes_all:
            return Found(await load(), Tier.MISS)
        return await self._cache.show(CATEGORIES, category_id, None, load)

    async def find(self, path: str) -> Found | str:
        """Return the category at a path, or the path to which that redirects.

        Raises:
            CategoryNotFound: the path never had a category, or the category is not shown.
        """
        whole = path.strip("/") + "/"
        category_id = await self._tree.id_at(whole)
        if category_id is not None:
            found = await self.get(category_id)
            # The cause is hidden because another category may get the path.
            return Found(found.representation, found.tier)
        now_at = await self._tree.path_after(whole)
        if now_at is None:
            raise CategoryNotFound(f"there is no category {path}", path=path)
        return now_at

    async def add(self, data: CategoryCreate) -> CategoryRead:
        """Add a category.

        Raises:
            CategoryNotFound, CategoryTooDeep, SlugTaken: nothing is added.
        """
        await self._tree.lock_tree()
        parent = None if data.parent_id is None else await self._tree.get(data.parent_id)
        slug = await self._slug_below(parent, data.slug, data.name)
        now = self._clock.now()
        depth = _depth_below(parent, levels=1)
        row = data.model_dump() | {
            "id": new_id(now),
            "slug": slug,
            "path": _path_below(parent, slug),
            "depth": depth,
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
        await self._tree.add_all([row])
        return CategoryRead.model_validate(row)

    async def change(
        self, category_id: UUID, change: CategoryChange, if_match: str | None = None
    ) -> CategoryRead:
        """Change a category, the paths of its descendants, and the products with its name.

        Raises:
            CategoryNotFound, CategoryCycle, CategoryTooDeep, SlugTaken: nothing is changed.
            PreconditionFailed: the resource has changed since the caller read it.
        """
        await self._tree.lock_tree()
        category = await self._tree.get(category_id, lock=True)
        require_match(if_match, CategoryRead.model_validate(category))
        changes = change.changes()
        now, before = self._clock.now(), (category.name, category.is_active)
        is_moved = await self._move(category, changes, now)
        for name in _PLAIN:
            if name in changes:
                setattr(category, name, changes[name])
        if not is_moved:
            category.updated_at = now
            category.version += 1
        await self._tree.flush()
        await self._tree.note_change()
        if category.name != before[0]:
            await self._rename_products(category)
        if category.is_active != before[1]:
            self._tree.mark_below([row.id for row in await self._tree.below(category.path)])
        return CategoryRead.model_validate(category)

    async def delete(
        self, category_id: UUID, move_products_to: UUID | None, if_match: str | None = None
    ) -> None:
        """Delete a category without children; its products go to another one.

        Raises:
            CategoryNotFound: the category or the other one does not exist.
            CategoryNotEmpty: the category has children, or products and no other one is given.
            PreconditionFailed: the resource has changed since the caller read it.
        """
        await self._tree.lock_tree()
        category = await self._tree.get(category_id, lock=True)
        require_match(if_match, CategoryRead.model_validate(category))
        target = None if move_products_to is None else await self._tree.get(move_products_to)
        if target is not None and target.id == category.id:
            raise CategoryNotEmpty("its products cannot move to the category that is deleted")
        if await self._tree.has_children(category.id):
            raise CategoryNotEmpty(f"there are categories below {category.path}")
        now = self._clock.now()
        await self._tree.note_change()
        if target is not None:
            products = await self._products.lock_products(category.id)
            await self._products.replace(category.id, products, target, now)
            await self._products.move_further(category.id, target.id)
        elif await self._products.has_any(category.id):
            raise CategoryNotEmpty(f"there are products in {category.path}")
        else:
            await self._products.forsake(category.id)
        await self._tree.delete_into(category, target, now)

    async def _move(self, category: Category, changes: Mapping[str, Any], now: datetime) -> bool:
        """Give a category another parent or slug; return whether that changed the category."""
        parent_id = changes.get("parent_id", category.parent_id)
        parent = None if parent_id is None else await self._tree.get(parent_id)
        if parent is not None and parent.path.startswith(category.path):
            raise CategoryCycle(f"{parent.path} is {category.path} or below it")
        slug = changes.get("slug", category.slug)
        if (slug, parent_id) == (category.slug, category.parent_id):
            return False
        rows = await self._tree.below(category.path)
        deepest = max(row.depth for row in rows)
        depth = _depth_below(parent, levels=1 + deepest - category.depth)
        path = _path_below(parent, await self._slug_below(parent, slug, category.name))
        await self._tree.replace_path(category, path, depth, now)
        category.slug, category.parent_id = slug, parent_id
        return True

    async def _slug_below(self, parent: Category | None, slug: str | None, name: str) -> str:
        taken = await self._tree.slugs_below(None if parent is None else parent.id)
        if slug is None:
            return free_slug(name, taken)
        if slug in taken:
            raise SlugTaken(f"{_path_below(parent, slug)} is another category", field="slug")
        return slug

    async def _rename_products(self, category: Category) -> None:
        products = await self._products.lock_products(category.id)
        await self._products.replace(category.id, products, category, category.updated_at)


def listed(
    rows: Sequence[Any], counts: Mapping[UUID, int], includes_all: bool
) -> list[CategoryListed]:
    """Return the tree in its order, with all categories or those that lead to products for sale."""
    children = defaultdict(list)
    for row in sorted(rows, key=lambda each: (each.position, each.name, each.path)):
        children[row.parent_id].append(row)

    def walk(parent_id: UUID | None) -> Iterator[CategoryListed]:
        for row in children[parent_id]:
            if not includes_all and not row.is_active:
                continue
            below = list(walk(row.id))
            count = counts.get(row.id, 0)
            if includes_all or count or below:
                yield CategoryListed.model_validate(
                    {name: getattr(row, name) for name in _NODE} | {"products_count": count}
                )
                yield from below

    return list(walk(None))


_NODE = tuple(CategoryListed.model_fields.keys() - {"products_count"})


def _paths_to(path: str) -> list[str]:
    """Return the paths of the categories from the top to one."""
    slugs = path.split("/")[:-1]
    return ["/".join(slugs[:number]) + "/" for number in range(1, len(slugs) + 1)]


def _path_below(parent: Category | None, slug: str) -> str:
    return f"{'' if parent is None else parent.path}{slug}/"


def _depth_below(parent: Category | None, *, levels: int) -> int:
    depth = 1 if parent is None else parent.depth + 1
    if depth + levels - 1 > MAX_DEPTH:
        raise CategoryTooDeep(f"the tree would have {depth + levels - 1} levels, of {MAX_DEPTH}")
    return depth
