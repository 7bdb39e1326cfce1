"""The condition of a list for the products of a category and its descendants."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, exists, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from app.models import Category, CategoryRedirect, CategoryTree, Product, ProductCategory
from app.repositories.bulk import among, table_of
from app.repositories.catalogue.category_repository import PATH_END

_asked = table_of(Category).alias("asked")
_shown = table_of(Category).alias("shown")
_redirects = table_of(CategoryRedirect)
_further = table_of(ProductCategory)
_name = bindparam("value", type_=_asked.c.name.type)

_STATE = select(table_of(CategoryTree).c.state).limit(1).scalar_subquery()
# The query is built once, because every list executes it.
_FOUND = (
    select(
        _asked.c.id,
        _asked.c.name,
        _shown.c.id.label("shown_id"),
        _STATE.label("state"),
        exists(select(_further.c.product_id).where(_further.c.category_id == _shown.c.id)).label(
            "has_further"
        ),
    )
    .select_from(_asked)
    .join(
        _shown,
        (_shown.c.path >= _asked.c.path) & (_shown.c.path < _asked.c.path + PATH_END),
    )
)
_BY_NAME = _FOUND.where(_asked.c.name == _name)
_BY_ID = _FOUND.where((_asked.c.name == _name) | (_asked.c.id == bindparam("id", type_=Uuid())))
_path = bindparam("path", type_=_asked.c.path.type)
_BY_PATH = _FOUND.where(
    (_asked.c.name == _name)
    | (_asked.c.path == _path)
    | (
        _asked.c.id
        == select(_redirects.c.category_id).where(_redirects.c.path == _path).scalar_subquery()
    )
)


# The one category that a requested value named, with the state of the tree at that time.
_ONLY: dict[str, tuple[UUID, UUID]] = {}
_MAX_KNOWN = 10_000


def only(value: str) -> tuple[ColumnElement[bool], ...] | None:
    """Return the conditions for a value that named exactly one category at the last lookup.

    They hold only while the tree is in the state of that lookup, whichever process changes it: if
    they leave a list empty, the value must be looked up again. None if the value is unknown.
    """
    if (known := _ONLY.get(value)) is None:
        return None
    category_id, state = known
    return Product.primary_category_id == category_id, _STATE == state


class CategoryFilter:
    """Finds the categories that a list is asked for."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def condition(self, value: str) -> ColumnElement[bool]:
        """Return the condition for a category, given by its name, its id or its path.

        A value that is the name of a category counts as a name. If no product has the category as a
        further one, the list is read in order from an index.
        """
        rows = await self._find(value)
        ids = list({row.shown_id for row in rows})
        primary = Product.primary_category_id
        if not ids:
            return false()
        if not any(row.has_further for row in rows):
            if len(ids) == 1 and rows[0].state is not None:
                if len(_ONLY) >= _MAX_KNOWN:
                    _ONLY.clear()
                _ONLY[value] = ids[0], rows[0].state
            return primary == ids[0] if len(ids) == 1 else among(self._session, primary, ids)
        further = select(_further.c.product_id).where(
            among(self._session, _further.c.category_id, ids)
        )
        return or_(among(self._session, primary, ids), Product.id.in_(further))

    async def asked(self, value: str) -> set[UUID]:
        """Return the categories that a value names, without their descendants."""
        return {row.id for row in await self._find(value)}

    async def _find(self, value: str) -> Sequence[Any]:
        if (given := _uuid(value)) is not None:
            result = await self._session.execute(_BY_ID, {"value": value, "id": given})
        elif "/" in value:
            given_path = {"value": value, "path": _path_of(value)}
            result = await self._session.execute(_BY_PATH, given_path)
        else:
            result = await self._session.execute(_BY_NAME, {"value": value})
        rows = result.all()
        named = [row for row in rows if row.name == value]
        return named or rows


def _path_of(value: str) -> str:
    return value.strip("/") + "/"


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value) if len(value) == 36 else None
    except ValueError:
        return None
