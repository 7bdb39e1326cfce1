"""Changes of the tree of categories, made by one writer at a time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Integer, bindparam, delete, func, insert, text, update

from app.cache.areas.catalogue import category_tags
from app.database.advisory_locks import AdvisoryLock
from app.database.sessions import mark_changed
from app.models import Category, CategoryRedirect, CategoryTree
from app.repositories.bulk import among, insertion_into, table_of
from app.repositories.catalogue.category_repository import PATH_END, CategoryRepository

_categories = table_of(Category)
_redirects = table_of(CategoryRedirect)
_tree = table_of(CategoryTree)

# One UPDATE for a whole subtree: no reader sees a part of it under the old path.
_REPLACE_PATHS = (
    update(_categories)
    .where(_categories.c.path >= bindparam("old"), _categories.c.path < bindparam("old_end"))
    .values(
        path=bindparam("new", type_=_categories.c.path.type)
        + func.substr(_categories.c.path, bindparam("rest_at", type_=Integer())),
        depth=_categories.c.depth + bindparam("levels"),
        updated_at=bindparam("at"),
        version=_categories.c.version + 1,
    )
)
_LOCK_TREE = text("SELECT pg_advisory_xact_lock(:lock)")


class CategoryTreeRepository(CategoryRepository):
    """The categories of the tree, for changes."""

    async def lock_tree(self) -> None:
        """Prevent others from changing the tree until the transaction ends.

        Two concurrent changes, each valid by itself, could put two categories below each other.
        SQLite has only one writer.
        """
        if self._is_postgresql:
            await self.session.execute(_LOCK_TREE, {"lock": AdvisoryLock.CATEGORIES})

    async def add_all(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Add categories, given as columns; their paths no longer redirect."""
        if rows:
            await self._free([str(row["path"]) for row in rows])
            await self.session.execute(insert(_categories), rows)
            await self.note_change()
            mark_changed(self.session, category_tags(()))

    async def note_change(self) -> None:
        """Give the tree another state, by which processes notice that the tree has changed.

        The state is not a number, so that two copies of a database never get the same one.
        """
        state = {"state": uuid4()}
        await self.session.execute(
            insertion_into(self.session, _tree)
            .values({"id": 1} | state)
            .on_conflict_do_update(index_elements=["id"], set_=state)
        )

    @property
    def _is_postgresql(self) -> bool:
        return self.session.get_bind().dialect.name == "postgresql"

    async def replace_path(self, category: Category, new: str, depth: int, at: datetime) -> None:
        """Give a category and its descendants their new paths, and redirect the old ones."""
        old = category.path
        rows = await self.below(old)
        moved = {new + row.path[len(old) :] for row in rows}
        await self._free(moved | {row.path for row in rows})
        await self.session.execute(
            insert(_redirects),
            [{"path": row.path, "category_id": row.id, "created_at": at} for row in rows],
        )
        await self.session.execute(
            _REPLACE_PATHS,
            {
                "old": old,
                "old_end": old + PATH_END,
                "new": new,
                "rest_at": len(old) + 1,
                "levels": depth - category.depth,
                "at": at,
            },
        )
        await self.session.refresh(category)
        self.mark_below([row.id for row in rows])

    def mark_below(self, category_ids: Collection[UUID]) -> None:
        """Mark the cached representations of categories and of the tree to be dropped."""
        mark_changed(self.session, category_tags(category_ids))

    async def delete_into(self, category: Category, target: Category | None, at: datetime) -> None:
        """Delete a category without products; its paths redirect to another one, if any."""
        if target is None:
            await self.session.execute(
                delete(_redirects).where(_redirects.c.category_id == category.id)
            )
        else:
            await self._free([category.path])
            await self.session.execute(
                insert(_redirects),
                [{"path": category.path, "category_id": category.id, "created_at": at}],
            )
            await self.session.execute(
                update(_redirects)
                .where(_redirects.c.category_id == category.id)
                .values(category_id=target.id)
            )
        await self.delete(category)

    async def _free(self, paths: Collection[str]) -> None:
        """Delete the redirects of paths: a path belongs to its newest owner."""
        await self.session.execute(
            delete(_redirects).where(among(self.session, _redirects.c.path, paths))
        )
