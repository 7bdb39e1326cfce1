"""Queries over the cancellations of a period: whole orders, and units of lines."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select

from app.core.order_statuses import EXPIRY
from app.models import Order, OrderCancellation, OrderChange, OrderItem
from app.repositories.reports.ledger_repository import (
    SUMS,
    Sum,
    Sums,
    TaxSum,
    VariantSum,
    Window,
    is_cancelled,
    is_line,
    tax_sums,
    variant_sums,
    whole_sum,
)

_OF_LINE = ("quantity", "amount_minor", "discount_minor", "tax_minor")


class CancellationRepository(Sums):
    """The cancellations of a period; each unit counts once."""

    async def totals(self, window: Window, *, only_late: bool = False) -> Sum:
        """Return the totals of the cancellations, or only of orders placed before the period."""
        chosen = (Order.created_at < window.starts_at,) if only_late else ()
        orders = select(*SUMS).join(OrderChange, OrderChange.order_id == Order.id)
        whole = await self.of_orders(orders.where(is_cancelled(window), *chosen))
        rows = _cancelled_lines(window)
        lines = select(literal(0), *_sums_of(rows.c)).join(Order, Order.id == rows.c.order_id)
        return whole.plus(await self.of_orders(lines.where(*chosen)))

    async def expired(self, window: Window) -> Sum:
        """Return the totals of the orders that were cancelled because nobody had paid in time."""
        is_expired = is_cancelled(window) & (OrderChange.actor == EXPIRY)
        orders = select(*SUMS).join(OrderChange, OrderChange.order_id == Order.id)
        whole = await self.of_orders(orders.where(is_expired))
        rows = _cancelled_before(is_expired).subquery()
        return whole.plus(await self.of_orders(select(literal(0), *_sums_of(rows.c))))

    async def lines(self, window: Window) -> int:
        """Return how often units of a line were cancelled."""
        query = select(func.count()).where(window.has(OrderCancellation.cancelled_at))
        return int(await self.session.scalar(query) or 0)

    async def has_other_lines(self, window: Window) -> bool:
        """Return whether an order with cancelled lines has another sum than its lines."""
        lines = (
            select(
                OrderCancellation.order_id, func.sum(OrderCancellation.amount_minor).label("minor")
            )
            .where(
                OrderCancellation.order_id.in_(
                    select(OrderCancellation.order_id).where(
                        window.has(OrderCancellation.cancelled_at)
                    )
                )
            )
            .group_by(OrderCancellation.order_id)
            .subquery()
        )
        query = select(Order.id).join(lines, lines.c.order_id == Order.id)
        query = query.where(Order.cancelled_minor != lines.c.minor).limit(1)
        return await self.session.scalar(query) is not None

    async def variants(self, window: Window) -> dict[UUID, VariantSum]:
        """Return the totals of the cancellations, by variant."""
        query = variant_sums().join(OrderChange, OrderChange.order_id == Order.id)
        found = await self.by_variant(query.where(is_cancelled(window)))
        for variant_id, lines in (await self.by_variant(_line_sums(window))).items():
            whole = found.get(variant_id, VariantSum(lines.sku, lines.name, 0, 0))
            found[variant_id] = replace(
                whole,
                units=whole.units + lines.units,
                total_minor=whole.total_minor + lines.total_minor,
            )
        return {each: sums for each, sums in found.items() if sums.units}

    async def taxes(self, window: Window) -> dict[tuple[int, str], TaxSum]:
        """Return the tax of the cancellations, by rate in parts per million and reason."""
        query = tax_sums().join(OrderChange, OrderChange.order_id == Order.id)
        found = await self.by_rate(query.where(is_cancelled(window)))
        for rate, lines in (await self.by_rate(_line_tax_sums(window))).items():
            whole = found.get(rate, TaxSum(0, 0))
            found[rate] = TaxSum(
                whole.net_minor + lines.net_minor, whole.tax_minor + lines.tax_minor
            )
        return found


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


def _cancelled_lines(window: Window) -> Any:
    """Return the cancelled units of a period, less those of orders that were cancelled later."""
    rows = select(
        OrderCancellation.order_id,
        OrderCancellation.position,
        *(getattr(OrderCancellation, name) for name in _OF_LINE),
    ).where(window.has(OrderCancellation.cancelled_at))
    return rows.union_all(_cancelled_before(is_cancelled(window))).subquery()


def _sums_of(lines: Any) -> tuple[Any, ...]:
    units, total, discount, tax = (whole_sum(func.sum(lines[name])) for name in _OF_LINE)
    return units, total, discount, literal(0), tax


def _line_sums(window: Window) -> Any:
    lines = _cancelled_lines(window)
    return variant_sums(lines.c.quantity, lines.c.amount_minor).join(lines, is_line(lines.c))


def _line_tax_sums(window: Window) -> Any:
    lines = _cancelled_lines(window)
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
