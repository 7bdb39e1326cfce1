"""The prices that price lists have for variants at a moment."""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Price, PriceList, Variant
from app.repositories.bulk import among_given, table_of
from app.tables.catalogue import Offer

NOW, CURRENCY = "now", "currency"
"""The names under which a session has the clock and the currency of the shop."""

_lists = table_of(PriceList)
_prices = table_of(Price)
_variants = table_of(Variant)


def applying(moment: Any) -> ColumnElement[bool]:
    """Return the condition that a price list applies at a moment."""
    columns = _lists.c
    return and_(
        columns.is_active,
        columns.archived_at.is_(None),
        or_(columns.starts_at.is_(None), columns.starts_at <= moment),
        or_(columns.ends_at.is_(None), columns.ends_at > moment),
    )


def _counting() -> ColumnElement[bool]:
    return and_(
        _lists.c.id == _prices.c.price_list_id,
        _lists.c.currency == bindparam("price_currency"),
        applying(bindparam("price_at", type_=_lists.c.starts_at.type)),
    )


def lowest_price() -> Any:
    """Return the lowest price that price lists have for a row of `variants`, as a column."""
    return (
        select(func.min(_prices.c.amount_minor))
        .where(_prices.c.variant_id == _variants.c.id, _counting())
        .correlate(_variants)
        .scalar_subquery()
    )


@cache
def _offers(dialect: str) -> Select[Any]:
    return (
        select(
            _prices.c.variant_id,
            _prices.c.amount_minor,
            _prices.c.compare_at_minor,
            _lists.c.code,
        ).where(among_given(dialect, _prices.c.variant_id, "ids"), _counting())
        # The last row of a variant counts.
        .order_by(_prices.c.amount_minor.desc(), _lists.c.code.desc())
    )


def price_moment(session: AsyncSession, currency: str | None = None) -> dict[str, object]:
    """Return the parameters of the prices of now, by default in the currency of the shop."""
    now = cast(Callable[[], datetime], session.info[NOW])
    return {"price_at": now(), "price_currency": currency or session.info[CURRENCY]}


async def lowest_offers(
    session: AsyncSession, variant_ids: Collection[UUID], currency: str | None = None
) -> dict[UUID, Offer]:
    """Return the lowest of the prices that price lists have for variants now."""
    statement = _offers(session.get_bind().dialect.name)
    given = {"ids": list(variant_ids), **price_moment(session, currency)}
    rows = await session.execute(statement, given)
    return {row.variant_id: Offer(row.amount_minor, row.compare_at_minor, row.code) for row in rows}


async def read_offers(session: AsyncSession, variants: Collection[Variant]) -> None:
    """Read the lowest of the prices that price lists have for variants now."""
    offers = await lowest_offers(session, [each.id for each in variants])
    for each in variants:
        each.listed = offers.get(each.id)
