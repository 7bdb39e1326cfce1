"""Queries over the cancellations of a period: whole orders, and units of lines."""

from functools import cache
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import func, literal, select

from app.core.order_statuses import EXPIRY
from app.models import Order, OrderCancellation, OrderChange, OrderItem
from app.repositories.reports.ledger_repository import (
    IS_CANCELLED,
    STARTS_AT,
    SUMS,
    Sum,
    Sums,
    TaxSum,
    VariantSum,
    Window,
    is_line,
    is_within,
    tax_sums,
    variant_sums,
    whole_sum,
)

_OF_LINE = ("quantity", "amount_minor", "discount_minor", "tax_minor")
_IS_LINE_CANCELLED = is_within(OrderCancellation.cancelled_at)


def _cancelled_before(condition: Any) -> Any:
    """Return the units that cancelled orders had lost before, as negative numbers."""
    return (
        select(
            OrderCancellation.order_id,
            OrderCancellation.position,
            *((-getattr(OrderCancellation, name)).label(name) for name in _OF_LINE),
        )
        .join(OrderChange, OrderChange.order_id == OrderCancellation.order_id)
        .where(condition)
    )


def _cancelled_lines() -> Any:
    """Return the cancelled units of a period, less those of orders that were cancelled later."""
    rows = select(
        OrderCancellation.order_id,
        OrderCancellation.position,
        *(getattr(OrderCancellation, name) for name in _OF_LINE),
    ).where(_IS_LINE_CANCELLED)
    return rows.union_all(_cancelled_before(IS_CANCELLED)).subquery()


def _sums_of(lines: Any) -> tuple[Any, ...]:
    units, total, discount, tax = (whole_sum(func.sum(lines[name])) for name in _OF_LINE)
    return literal(0), units, total, discount, literal(0), tax


def _line_taxes(lines: Any) -> Any:
    return (
        select(
            OrderItem.tax_rate_ppm,
            OrderItem.tax_reason,
            whole_sum(func.sum(lines.c.amount_minor - lines.c.tax_minor)),
            whole_sum(func.sum(lines.c.tax_minor)),
        )
        .join(lines, is_line(lines.c))
        .where(OrderItem.tax_rate_ppm.is_not(None))
        .group_by(OrderItem.tax_rate_ppm, OrderItem.tax_reason)
    )


@cache
def _has_other_lines() -> Any:
    touched = select(OrderCancellation.order_id).where(_IS_LINE_CANCELLED)
    minor = func.sum(OrderCancellation.amount_minor).label("minor")
    lines = (
        select(OrderCancellation.order_id, minor)
        .where(OrderCancellation.order_id.in_(touched))
        .group_by(OrderCancellation.order_id)
        .subquery()
    )
    orders = select(Order.id).join(lines, lines.c.order_id == Order.id)
    return orders.where(Order.cancelled_minor != lines.c.minor).limit(1)


@cache
def _totals() -> tuple[Any, Any]:
    """Return the queries of the totals of whole orders, and of those of lines."""
    lines = _cancelled_lines()
    of_lines = select(*_sums_of(lines.c)).join(Order, Order.id == lines.c.order_id)
    return _of_cancelled(select(*SUMS)), of_lines


@cache
def _late_totals() -> tuple[Any, Any]:
    """Return the queries of the totals of orders that were placed before the period."""
    orders, lines = _totals()
    is_late = Order.created_at < STARTS_AT
    return orders.where(is_late), lines.where(is_late)


@cache
def _expired_totals() -> tuple[Any, Any]:
    """Return the queries of the totals of expired orders, and of what they had lost before."""
    is_expired = IS_CANCELLED & (OrderChange.actor == EXPIRY)
    lines = _cancelled_before(is_expired).subquery()
    return _of_cancelled(select(*SUMS), is_expired), select(*_sums_of(lines.c))


@cache
def _variants() -> tuple[Any, Any]:
    """Return the queries of the totals by variant, of whole orders and of lines."""
    lines = _cancelled_lines()
    of_lines = variant_sums(lines.c.quantity, lines.c.amount_minor)
    return _of_cancelled(variant_sums()), of_lines.join(lines, is_line(lines.c))


@cache
def _taxes() -> tuple[Any, Any]:
    """Return the queries of the tax by rate, of whole orders and of lines."""
    return _of_cancelled(tax_sums()), _line_taxes(_cancelled_lines())


@cache
def _number_of_lines() -> Any:
    return select(func.count()).where(_IS_LINE_CANCELLED)


def _of_cancelled(orders: Any, condition: Any = IS_CANCELLED) -> Any:
    """Return a query of orders for those that were cancelled."""
    return orders.join(OrderChange, OrderChange.order_id == Order.id).where(condition)


class CancellationRepository(Sums):
    """The cancellations of a period; each unit counts once."""

    async def totals(self, window: Window, *, only_late: bool = False) -> Sum:
        """Return the totals of the cancellations, or only of orders placed before the period."""
        orders, lines = _late_totals() if only_late else _totals()
        return (await self.of_orders(orders, window)).plus(await self.of_orders(lines, window))

    async def expired(self, window: Window) -> Sum:
        """Return the totals of the orders that were cancelled because nobody had paid in time."""
        orders, lines = _expired_totals()
        return (await self.of_orders(orders, window)).plus(await self.of_orders(lines, window))

    async def lines(self, window: Window) -> int:
        """Return how often units of a line were cancelled."""
        return int(await self.session.scalar(_number_of_lines(), window._asdict()) or 0)

    async def has_other_lines(self, window: Window) -> bool:
        """Return whether an order with cancelled lines has another sum than its lines."""
        return await self.session.scalar(_has_other_lines(), window._asdict()) is not None

    async def variants(self, window: Window) -> dict[UUID, VariantSum]:
        """Return the totals of the cancellations, by variant."""
        orders, of_lines = _variants()
        found = await self.by_variant(orders, window)
        for variant_id, lines in (await self.by_variant(of_lines, window)).items():
            whole = found.get(variant_id, VariantSum(lines.sku, lines.name, 0, 0))
            found[variant_id] = replace(
                whole,
                units=whole.units + lines.units,
                total_minor=whole.total_minor + lines.total_minor,
            )
        return {each: sums for each, sums in found.items() if sums.units}

    async def taxes(self, window: Window) -> dict[tuple[int, str], TaxSum]:
        """Return the tax of the cancellations, by rate in parts per million and reason."""
        orders, of_lines = _taxes()
        found = await self.by_rate(orders, window)
        for rate, lines in (await self.by_rate(of_lines, window)).items():
            whole = found.get(rate, TaxSum(0, 0))
            found[rate] = TaxSum(
                whole.net_minor + lines.net_minor, whole.tax_minor + lines.tax_minor
            )
        return found
