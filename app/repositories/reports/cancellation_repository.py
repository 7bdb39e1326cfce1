"""Queries over the cancellations of a period: whole orders, and units of lines."""

from dataclasses import replace
from typing import Any
from uuid import UUID

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
_IS_EXPIRED = IS_CANCELLED & (OrderChange.actor == EXPIRY)
_IS_LATE = Order.created_at < STARTS_AT


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


_LINES = _cancelled_lines()
_EXPIRED_LINES = _cancelled_before(_IS_EXPIRED).subquery()
_OF_ORDERS = select(*SUMS).join(OrderChange, OrderChange.order_id == Order.id)
# Those of whole orders, and those of lines.
_TOTALS = (
    _OF_ORDERS.where(IS_CANCELLED),
    select(*_sums_of(_LINES.c)).join(Order, Order.id == _LINES.c.order_id),
)
_LATE_TOTALS = tuple(each.where(Order.created_at < STARTS_AT) for each in _TOTALS)
_EXPIRED = (_OF_ORDERS.where(_IS_EXPIRED), select(*_sums_of(_EXPIRED_LINES.c)))
_VARIANTS = (
    variant_sums().join(OrderChange, OrderChange.order_id == Order.id).where(IS_CANCELLED),
    variant_sums(_LINES.c.quantity, _LINES.c.amount_minor).join(_LINES, is_line(_LINES.c)),
)
_TAXES = (
    tax_sums().join(OrderChange, OrderChange.order_id == Order.id).where(IS_CANCELLED),
    _line_taxes(_LINES),
)
_NUMBER_OF_LINES = select(func.count()).where(_IS_LINE_CANCELLED)
_OTHER_LINES = _has_other_lines()


class CancellationRepository(Sums):
    """The cancellations of a period; each unit counts once."""

    async def totals(self, window: Window, *, only_late: bool = False) -> Sum:
        """Return the totals of the cancellations, or only of orders placed before the period."""
        orders, lines = _LATE_TOTALS if only_late else _TOTALS
        return (await self.of_orders(orders, window)).plus(await self.of_orders(lines, window))

    async def expired(self, window: Window) -> Sum:
        """Return the totals of the orders that were cancelled because nobody had paid in time."""
        orders, lines = _EXPIRED
        return (await self.of_orders(orders, window)).plus(await self.of_orders(lines, window))

    async def lines(self, window: Window) -> int:
        """Return how often units of a line were cancelled."""
        return int(await self.session.scalar(_NUMBER_OF_LINES, window._asdict()) or 0)

    async def has_other_lines(self, window: Window) -> bool:
        """Return whether an order with cancelled lines has another sum than its lines."""
        return await self.session.scalar(_OTHER_LINES, window._asdict()) is not None

    async def variants(self, window: Window) -> dict[UUID, VariantSum]:
        """Return the totals of the cancellations, by variant."""
        orders, of_lines = _VARIANTS
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
        orders, of_lines = _TAXES
        found = await self.by_rate(orders, window)
        for rate, lines in (await self.by_rate(of_lines, window)).items():
            whole = found.get(rate, TaxSum(0, 0))
            found[rate] = TaxSum(
                whole.net_minor + lines.net_minor, whole.tax_minor + lines.tax_minor
            )
        return found
