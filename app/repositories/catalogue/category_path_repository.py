"""Categories by their paths of names, from the top of the tree."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.repositories.catalogue.category_tree_repository import CategoryTreeRepository
from app.repositories.catalogue.primary_category_repository import top_category
from app.schemas.slugs import free_slug

Names = tuple[str, ...]


class CategoryPathRepository:
    """The categories of the tree as paths of names; of equal paths, the one with the first slug."""

    def __init__(self, session: AsyncSession) -> None:
        self._tree = CategoryTreeRepository(session)

    async def names_by_id(self) -> dict[UUID, Names]:
        """Return the path of each category."""
        return _paths_of(await self._tree.all())

    async def ids_of(self, paths: Collection[Names], at: datetime) -> dict[Names, UUID]:
        """Return the categories with these paths; missing ones are created.

        They are neither renamed nor deleted before the transaction ends. This is called before
        products are locked: a change of the tree locks categories first, too.
        """
        known = ids_by_names(_paths_of(await self._tree.all()))
        if not known.keys() >= set(paths):
            await self._tree.lock_tree()
            # Another writer may have created them while this one waited for the lock.
            rows = await self._tree.all()
            known = ids_by_names(_paths_of(rows))
            known |= await self._make(paths, known, {row.id: row for row in rows}, at)
        found = {path: known[path] for path in paths}
        await self._tree.lock_shared(list(set(found.values())))
        return found

    async def _make(
        self,
        paths: Collection[Names],
        known: Mapping[Names, UUID],
        rows: Mapping[UUID, Any],
        at: datetime,
    ) -> dict[Names, UUID]:
        every = {path[:depth] for path in paths for depth in range(1, len(path) + 1)}
        taken: dict[UUID | None, set[str]] = {}
        for row in rows.values():
            taken.setdefault(row.parent_id, set()).add(row.slug)
        places = {path: (rows[row_id].path, row_id) for path, row_id in known.items()}
        made: dict[Names, dict[str, Any]] = {}
        # Shorter paths come first, because the others are below them.
        for path in sorted(every - known.keys(), key=lambda each: (len(each), each)):
            above, parent_id = places.get(path[:-1], ("", None))
            slug = free_slug(path[-1], taken.setdefault(parent_id, set()))
            taken[parent_id].add(slug)
            its = {"parent_id": parent_id, "path": f"{above}{slug}/", "depth": len(path)}
            made[path] = top_category(path[-1], slug, at) | {"id": new_id(at)} | its
            places[path] = (made[path]["path"], made[path]["id"])
        await self._tree.add_all(list(made.values()))
        return {path: row["id"] for path, row in made.items()}


def ids_by_names(names: Mapping[UUID, Names]) -> dict[Names, UUID]:
    """Return the category of each path."""
    found: dict[Names, UUID] = {}
    for row_id, path in names.items():
        found.setdefault(path, row_id)
    return found


def _paths_of(rows: Sequence[Any]) -> dict[UUID, Names]:
    found: dict[UUID, Names] = {}
    # A category comes after its parent, whose path is shorter.
    for row in sorted(rows, key=lambda each: (each.depth, each.path)):
        found[row.id] = (*found.get(row.parent_id, ()), row.name)
    return found
