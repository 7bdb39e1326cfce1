"""Queries over the ledger of a period: orders, cancellations and stock movements."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import cache
from operator import add
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import (
    BigInteger,
    Integer,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import (
    MovementReason,
    Order,
    OrderCancellation,
    OrderChange,
    OrderItem,
    OrderStatus,
    OrderTax,
    StockMovement,
)

_BATCH_SIZE = 5_000
# Literal values: with parameters, the planner would not see that the partial index fits.
IS_CANCELLATION = OrderChange.to_status == literal_column(f"'{OrderStatus.CANCELLED.value}'")


class Window(NamedTuple):
    """A period: its start, and its end, which is excluded.

    Statements over a period have the names of its fields as parameters, and are built once, at
    their first use: to build one takes longer than to execute it.
    """

    starts_at: datetime
    ends_at: datetime


STARTS_AT, ENDS_AT = (bindparam(each, type_=Order.created_at.type) for each in Window._fields)


def is_within(moment: Any) -> Any:
    """Return the condition that a time is in the period."""
    return (moment >= STARTS_AT) & (moment < ENDS_AT)


class Sum(Struct, frozen=True):
    """The totals of orders."""

    orders: int
    units: int
    total_minor: int
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0

    def plus(self, other: "Sum") -> "Sum":
        """Return the totals of these and of other orders."""
        return Sum(*map(add, astuple(self), astuple(other)))


class TaxSum(Struct, frozen=True):
    """The totals of the tax at one rate in orders."""

    net_minor: int
    tax_minor: int


class VariantSum(Struct, frozen=True):
    """The totals of one variant in orders."""

    sku: str
    name: str
    units: int
    total_minor: int


class Sums:
    """Reads totals of orders in a period, which queries select in the order of their fields."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def of_orders(self, query: Any, window: Window) -> Sum:
        """Return the totals that a query selects."""
        return Sum(*(await self.session.execute(query, window._asdict())).one())

    async def by_variant(self, query: Any, window: Window) -> dict[UUID, VariantSum]:
        """Return the totals that a query selects for each variant."""
        rows = await self.session.execute(query, window._asdict())
        return {row[0]: VariantSum(*row[1:]) for row in rows}

    async def by_rate(self, query: Any, window: Window) -> dict[tuple[int, str], TaxSum]:
        """Return the totals that a query selects for each rate and reason of tax."""
        rows = await self.session.execute(query, window._asdict())
        return {(rate, reason): TaxSum(*sums) for rate, reason, *sums in rows}


def whole_sum(expression: Any) -> Any:
    """Return a sum as an integer; the sum of no rows is 0."""
    # The sum of BIGINTs is a NUMERIC on PostgreSQL.
    return cast(func.coalesce(expression, 0), BigInteger)


_AMOUNTS = (Order.total_minor, Order.discount_minor, Order.shipping_minor, Order.tax_minor)
SUMS = (
    func.count(),
    *(whole_sum(func.sum(column)) for column in (Order.units, *_AMOUNTS)),
)
# This is the amount to be paid for a line.
_LINE_TOTAL = (
    OrderItem.quantity * OrderItem.unit_price_minor
    - OrderItem.discount_minor
    + case((Order.prices_include_tax, 0), else_=OrderItem.tax_minor)
)


def variant_sums(units: Any = OrderItem.quantity, total: Any = _LINE_TOTAL) -> Any:
    """Return the query of the totals of each variant in orders."""
    # Name and SKU are those at purchase; of several on one day, the alphabetically last one is
    # taken.
    return (
        select(
            OrderItem.variant_id,
            func.max(OrderItem.sku),
            func.max(OrderItem.name),
            whole_sum(func.sum(units)),
            whole_sum(func.sum(total)),
        )
        .join(Order, Order.id == OrderItem.order_id)
        .group_by(OrderItem.variant_id)
    )


def tax_sums() -> Any:
    """Return the query of the totals of tax in orders."""
    return (
        select(
            OrderTax.rate_ppm,
            OrderTax.reason,
            whole_sum(func.sum(OrderTax.net_minor)),
            whole_sum(func.sum(OrderTax.tax_minor)),
        )
        .join(Order, Order.id == OrderTax.order_id)
        .group_by(OrderTax.rate_ppm, OrderTax.reason)
    )


def is_line(lines: Any) -> Any:
    """Return the condition that joins a line of an order with other rows."""
    return (OrderItem.order_id == lines.order_id) & (OrderItem.position == lines.position)


IS_PLACED = is_within(Order.created_at)
IS_CANCELLED = IS_CANCELLATION & is_within(OrderChange.changed_at)


@cache
def _placed() -> Any:
    return select(*SUMS).where(IS_PLACED)


@cache
def _placed_variants() -> Any:
    return variant_sums().where(IS_PLACED)


@cache
def _placed_taxes() -> Any:
    return tax_sums().where(IS_PLACED)


@cache
def _placed_with_tax() -> Any:
    return select(whole_sum(func.sum(Order.total_minor))).where(
        IS_PLACED, exists().where(OrderTax.order_id == Order.id)
    )


@cache
def _orders() -> tuple[Any, Any]:
    """Return the queries of a first batch of orders, and of one that follows another order."""
    key = (Order.created_at, Order.id)
    first = (
        select(Order.id, Order.number, Order.created_at, Order.units, *_AMOUNTS)
        .where(IS_PLACED)
        .order_by(*key)
        .limit(bindparam("limit", type_=Integer))
    )
    last = tuple_(*(bindparam(f"last_{each.key}", type_=each.type) for each in key))
    return first, first.where(tuple_(*key) > last)


@cache
def _moved() -> Any:
    # The index over the movements begins with the variant: with a lookup of the ordered variants,
    # the cost depends on the sales of the period and not on the whole history.
    placed = select(OrderItem.variant_id).join(Order, Order.id == OrderItem.order_id)
    cancelled = placed.join(OrderChange, OrderChange.order_id == Order.id)
    lines = select(OrderItem.variant_id).join(OrderCancellation, is_line(OrderCancellation))
    touched = placed.where(IS_PLACED).union(
        cancelled.where(IS_CANCELLED), lines.where(is_within(OrderCancellation.cancelled_at))
    )
    return (
        select(StockMovement.variant_id, whole_sum(func.sum(StockMovement.quantity)))
        .where(
            StockMovement.variant_id.in_(touched),
            is_within(StockMovement.created_at),
            StockMovement.reason.in_((MovementReason.SALE, MovementReason.CANCELLATION)),
        )
        .group_by(StockMovement.variant_id)
    )


class LedgerRepository(Sums):
    """The ledger of the shop by period."""

    async def orders(self, window: Window) -> AsyncIterator[Sequence[Any]]:
        """Yield id, number, time, units and amounts of the orders placed, in batches."""
        given = {**window._asdict(), "limit": _BATCH_SIZE}
        first, following = _orders()
        rows = (await self.session.execute(first, given)).all()
        while rows:
            yield rows
            if len(rows) < _BATCH_SIZE:
                return
            given |= {"last_created_at": rows[-1].created_at, "last_id": rows[-1].id}
            rows = (await self.session.execute(following, given)).all()

    async def placed(self, window: Window) -> Sum:
        """Return the totals of the orders placed."""
        return await self.of_orders(_placed(), window)

    async def placed_variants(self, window: Window) -> dict[UUID, VariantSum]:
        """Return the totals of the orders placed, by variant."""
        return await self.by_variant(_placed_variants(), window)

    async def placed_taxes(self, window: Window) -> dict[tuple[int, str], TaxSum]:
        """Return the tax of the orders placed, by rate in parts per million and reason."""
        return await self.by_rate(_placed_taxes(), window)

    async def placed_with_tax(self, window: Window) -> int:
        """Return the sum of the orders placed that have their tax by rate."""
        return int(await self.session.scalar(_placed_with_tax(), window._asdict()) or 0)

    async def moved(self, window: Window) -> dict[UUID, int]:
        """Return the units by which sales and cancellations changed the stock of variants."""
        rows = await self.session.execute(_moved(), window._asdict())
        return {row[0]: row[1] for row in rows}

    async def count_before(self, moment: datetime) -> int:
        """Return how many orders were placed before a time."""
        query = select(func.count()).select_from(Order).where(Order.created_at < moment)
        return int(await self.session.scalar(query) or 0)

    async def next_placed(self, moment: datetime) -> datetime | None:
        """Return when the first order at or after a time was placed."""
        query = select(func.min(Order.created_at)).where(Order.created_at >= moment)
        placed_at: datetime | None = await self.session.scalar(query)
        return placed_at
