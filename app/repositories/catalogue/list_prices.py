"""The prices of variants in price lists at a moment."""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Price, PriceList, Product, Variant
from app.repositories.bulk import among_given, table_of
from app.tables.products.offers import Offer

NOW, CURRENCY = "now", "currency"
"""The names under which a session holds the clock and the currency of the shop."""

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


def counting() -> ColumnElement[bool]:
    """Return the condition that joins prices with the lists that apply (see `price_moment`)."""
    return and_(
        _lists.c.id == _prices.c.price_list_id,
        _lists.c.currency == bindparam("price_currency"),
        applying(bindparam("price_at", type_=_lists.c.starts_at.type)),
    )


def lowest_price() -> Any:
    """Return the lowest price of a row of `variants` in price lists, as a column."""
    return (
        select(func.min(_prices.c.amount_minor))
        .where(_prices.c.variant_id == _variants.c.id, counting())
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
            _lists.c.is_default,
        ).where(among_given(dialect, _prices.c.variant_id, "ids"), counting())
        # Of several rows of a variant, the last one counts.
        .order_by(_prices.c.amount_minor.desc(), _lists.c.code.desc())
    )


def price_moment(session: AsyncSession, currency: str | None = None) -> dict[str, object]:
    """Return the parameters of current prices, by default in the currency of the shop."""
    now = cast(Callable[[], datetime], session.info[NOW])
    return {"price_at": now(), "price_currency": currency or session.info[CURRENCY]}


async def lowest_offers(
    session: AsyncSession, variant_ids: Collection[UUID], currency: str | None = None
) -> dict[UUID, Offer]:
    """Return the lowest current prices of variants in price lists."""
    statement = _offers(session.get_bind().dialect.name)
    given = {"ids": list(variant_ids), **price_moment(session, currency)}
    rows = (await session.execute(statement, given)).all()
    return offers_in(rows, is_first=currency in (None, session.info[CURRENCY]))


def offers_in(rows: Collection[Any], *, is_first: bool) -> dict[UUID, Offer]:
    """Return the lowest offers from rows of prices, of which the last one of each variant counts.

    `is_first` says whether the prices are in the first currency of the shop.
    """
    lowest = {row.variant_id: row for row in rows}
    if is_first:
        return {
            each: Offer(row.amount_minor, row.compare_at_minor, row.code)
            for each, row in lowest.items()
        }
    ordinary = {row.variant_id: row.amount_minor for row in rows if row.is_default}
    return {each: _whole(row, ordinary.get(each, 0)) for each, row in lowest.items()}


def _whole(row: Any, ordinary_minor: int) -> Offer:
    """Return an offer in a further currency; the default list has the ordinary price, if any."""
    amount, compared = row.amount_minor, row.compare_at_minor
    base = ordinary_minor if ordinary_minor > amount else None
    return Offer(amount, base if compared is None else compared, row.code, base, is_whole=True)


async def read_offers(
    session: AsyncSession, variants: Collection[Variant], currency: str | None = None
) -> None:
    """Read the lowest current prices of variants in price lists."""
    offers = await lowest_offers(session, [each.id for each in variants], currency)
    for each in variants:
        each.listed = offers.get(each.id)


def sold_in(session: AsyncSession, currency: str) -> ColumnElement[bool]:
    """Return the condition that a product has a price in a currency other than the first one."""
    moment = price_moment(session)["price_at"]
    return exists(
        select(_prices.c.variant_id)
        .join(_variants, _variants.c.id == _prices.c.variant_id)
        .join(_lists, _lists.c.id == _prices.c.price_list_id)
        .where(
            _variants.c.product_id == Product.id,
            _variants.c.archived_at.is_(None),
            _variants.c.is_active,
            _lists.c.currency == currency,
            applying(literal(moment, _lists.c.starts_at.type)),
        )
        .correlate(Product)
    )
