"""Queries over price lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.sql import ColumnElement

from app.errors import PriceListExists, PriceListNotFound
from app.models import PriceList
from app.repositories.base import Repository
from app.repositories.bulk import table_of
from app.repositories.catalogue.list_prices import applying
from app.schemas.page_schema import PageQuery

_lists = table_of(PriceList)


class PriceListRepository(Repository[PriceList]):
    """Price lists that have not been archived."""

    model = PriceList
    not_found = PriceListNotFound
    conflicts = {"code": PriceListExists, "currency": PriceListExists}

    def query(self) -> Select[PriceList]:
        """Return the price lists that are not archived."""
        return select(PriceList).where(PriceList.archived_at.is_(None))

    async def find(self, query: PageQuery) -> tuple[Sequence[PriceList], str | None]:
        """Return a page of price lists, and the cursor of the next page."""
        return await self.page(
            self.query(),
            PriceList.created_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def default_currencies(self) -> set[str]:
        """Return the currencies that have a default price list."""
        query = select(PriceList.currency).where(PriceList.is_default)
        return set(await self.session.scalars(query))

    async def has_due(self, moment: datetime) -> bool:
        """Return whether the listed prices of products are not those of a moment."""
        due = select(_lists.c.id).where(_due(moment)).limit(1)
        return await self.session.scalar(due) is not None

    async def take_due(self, moment: datetime) -> PriceList | None:
        """Return a list whose listed prices are out of date and which no one else has locked."""
        query = select(PriceList).where(_due(moment)).order_by(PriceList.id).limit(1)
        found: PriceList | None = await self.session.scalar(query.with_for_update(skip_locked=True))
        return found

    async def next_change(self, moment: datetime) -> datetime | None:
        """Return the first moment after one at which a list begins or ends, if there is any."""
        counting = _lists.c.is_active & _lists.c.archived_at.is_(None)
        starts, ends = _lists.c.starts_at, _lists.c.ends_at
        found = await self.session.execute(
            select(
                select(func.min(starts)).where(counting, starts > moment).scalar_subquery(),
                select(func.min(ends)).where(counting, ends > moment).scalar_subquery(),
            )
        )
        return min(filter(None, found.one()), default=None)


def _due(moment: datetime) -> ColumnElement[bool]:
    columns: Any = _lists.c
    applies = applying(moment)
    return or_(
        and_(applies, ~columns.is_listed),
        and_(~applies, columns.is_listed),
        columns.listed_up_to.is_not(None),
        columns.archived_at.is_not(None),
    )
