"""The primary categories of products, which are found or created by name."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, case, delete, event, exists, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from app.cache.areas.catalogue import product_tags
from app.core.ids import new_id
from app.core.search_words import search_text
from app.database.sessions import ShopSession, mark_changed
from app.models import Category, Product, ProductCategory
from app.repositories.bulk import among, insert_rows, table_of
from app.repositories.catalogue.category_tree_repository import CategoryTreeRepository
from app.schemas.slugs import free_slug

_KNOWN = "categories_by_name"
_categories = table_of(Category)
_products = table_of(Product)
_further = table_of(ProductCategory)


@event.listens_for(ShopSession, "after_soft_rollback")
def _forget_made(session: Session, _transaction: SessionTransaction) -> None:
    # A savepoint that is rolled back also undoes the categories that it created.
    session.info.pop(_KNOWN, None)


@event.listens_for(ShopSession, "after_transaction_end")
def _forget_locked(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_KNOWN, None)


class PrimaryCategoryRepository:
    """The categories by whose names products are added and changed."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._tree = CategoryTreeRepository(session)

    async def ids_of(self, names: Iterable[str], at: datetime) -> dict[str, UUID]:
        """Return the categories with these names; missing ones are created at the top.

        Of several with one name, the one nearest the top is returned. They are neither renamed nor
        deleted before the transaction ends. This is called before products are locked: a change of
        the tree locks categories first, too.
        """
        known: dict[str, UUID] = self._session.info.get(_KNOWN, {})
        missing = set(names) - known.keys()
        if missing:
            found = await self._find(missing)
            if new := missing - found.keys():
                await self._tree.lock_tree()
                # Another writer may have made them while this one waited for the lock.
                found |= await self._find(new)
                found |= await self._make(sorted(new - found.keys()), at)
            # The dictionary is read only here: a rollback in between deletes it.
            known = self._session.info.setdefault(_KNOWN, {})
            known |= found
        return known

    async def _find(self, names: Iterable[str]) -> dict[str, UUID]:
        columns = _categories.c
        rows = await self._session.execute(
            select(columns.id, columns.name, columns.depth, columns.path)
            .where(among(self._session, columns.name, list(names)))
            .with_for_update(read=True)
        )
        nearest = sorted(rows, key=lambda row: (row.depth, row.path), reverse=True)
        return {row.name: row.id for row in nearest}

    async def _make(self, names: Sequence[str], at: datetime) -> dict[str, UUID]:
        if not names:
            return {}
        taken = await self._tree.slugs_below(None)
        rows: list[dict[str, Any]] = []
        for name in names:
            slug = free_slug(name, taken)
            taken.add(slug)
            rows.append(top_category(name, slug, at))
        await self._tree.add_all(rows)
        return {row["name"]: row["id"] for row in rows}

    async def lock_products(self, category_id: UUID) -> list[UUID]:
        """Lock the products of a category, in the order of their ids, as orders do."""
        rows = await self._session.scalars(
            select(_products.c.id)
            .where(_products.c.primary_category_id == category_id)
            .order_by(_products.c.id)
            .with_for_update()
        )
        return list(rows)

    async def replace(
        self, category_id: UUID, products: Sequence[UUID], target: Category, at: datetime
    ) -> None:
        """Give the locked products of a category its new name, or another category."""
        former = await self._session.scalar(
            select(_products.c.category)
            .where(_products.c.primary_category_id == category_id)
            .limit(1)
        )
        if former is None:
            return
        words = search_text(former), search_text(target.name)
        await self._session.execute(
            update(_products)
            .where(_products.c.primary_category_id == category_id)
            .values(
                primary_category_id=target.id,
                category=target.name,
                search_text=self._searched(_products.c.search_text, *words),
                search_options=self._searched(_products.c.search_options, *words),
                updated_at=at,
                version=_products.c.version + 1,
            )
        )
        mark_changed(self._session, product_tags(products))

    def _searched(self, words: Any, before: str, after: str) -> Any:
        """Return words of the search index, with the words of another category.

        The words are replaced once: equal words of the name stay. It does not matter which of them
        are replaced, because the position of words has no effect on a search.
        """
        if not before:
            return words + literal(f" {after}")
        find = "strpos" if self._session.get_bind().dialect.name == "postgresql" else "instr"
        whole = literal(" ") + words + literal(" ")
        at: Any = getattr(func, find)(whole, f" {before} ")
        head = func.substr(whole, 2, at - 1, type_=Text())
        tail = func.substr(whole, at + len(before) + 1, type_=Text())
        return case((at > 0, head + after + func.rtrim(tail)), else_=words + literal(f" {after}"))

    async def has_any(self, category_id: UUID) -> bool:
        """Return whether products that are not archived are in a category."""
        columns = _products.c
        primary = select(columns.id).where(
            columns.primary_category_id == category_id, columns.archived_at.is_(None)
        )
        further = (
            select(_further.c.product_id)
            .join(_products, columns.id == _further.c.product_id)
            .where(_further.c.category_id == category_id, columns.archived_at.is_(None))
        )
        return bool(await self._session.scalar(select(exists(primary) | exists(further))))

    async def replace_further(self, product_id: UUID, category_ids: Sequence[UUID]) -> None:
        """Replace the categories of a product besides the primary one."""
        await self._session.execute(delete(_further).where(_further.c.product_id == product_id))
        rows = [
            {"product_id": product_id, "category_id": each, "position": position}
            for position, each in enumerate(category_ids, start=1)
        ]
        await insert_rows(self._session, (_further, rows))

    async def move_further(self, category_id: UUID, target_id: UUID) -> None:
        """Give the products that are in a category besides their primary one another category."""
        has_target = select(_further.c.product_id).where(_further.c.category_id == target_id)
        of_it = _further.c.category_id == category_id
        await self._session.execute(
            delete(_further).where(of_it, _further.c.product_id.in_(has_target))
        )
        await self._session.execute(update(_further).where(of_it).values(category_id=target_id))

    async def forsake(self, category_id: UUID) -> None:
        """Remove a category from archived products, which keep its name."""
        await self._session.execute(delete(_further).where(_further.c.category_id == category_id))
        await self._session.execute(
            update(_products)
            .where(
                _products.c.primary_category_id == category_id,
                _products.c.archived_at.is_not(None),
            )
            .values(primary_category_id=None)
        )


def top_category(name: str, slug: str, at: datetime) -> dict[str, Any]:
    """Return a new category at the top, as columns."""
    return {
        "id": new_id(at),
        "parent_id": None,
        "slug": slug,
        "name": name,
        "description": "",
        "position": 0,
        "path": f"{slug}/",
        "depth": 1,
        "is_active": True,
        "seo_title": "",
        "seo_description": "",
        "created_at": at,
        "updated_at": at,
        "version": 1,
    }
