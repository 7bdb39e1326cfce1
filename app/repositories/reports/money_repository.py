"""Queries over the money of a period: payments, refunds, invoices and credit notes."""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import case, func, literal, or_, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import (
    Invoice,
    InvoiceKind,
    Order,
    Payment,
    PaymentStatus,
    PaymentStep,
    Refund,
    RefundStatus,
)
from app.repositories.reports.ledger_repository import (
    ENDS_AT,
    STARTS_AT,
    Window,
    is_within,
    whole_sum,
)


class Movement(NamedTuple):
    """The money that a provider took and returned in a currency."""

    currency: str
    provider: str
    captured_minor: int
    refunded_minor: int


class Remainder(NamedTuple):
    """The change of the differences between payments and invoices."""

    currency: str
    not_invoiced_minor: int
    """The money that was paid for orders without an invoice."""
    overpaid_minor: int
    """The money that was paid beyond the invoices of orders."""
    not_paid_minor: int
    """The money that is invoiced and not paid."""


_AT_A_MOMENT = ("paid", "billed", "invoices")


def _payments_with_steps() -> Any:
    return select(PaymentStep.payment_id).where(is_within(PaymentStep.happened_at))


def _orders_with_steps() -> Any:
    return select(Payment.order_id).where(Payment.id.in_(_payments_with_steps()))


def _changes(payment_ids: Any) -> Any:
    """Return all steps of payments, with the change that each has made."""

    def change(column: Any) -> Any:
        before = func.lag(column).over(
            partition_by=PaymentStep.payment_id, order_by=PaymentStep.seq
        )
        return (column - func.coalesce(before, 0)).label(column.key.removesuffix("_minor"))

    columns = (PaymentStep.payment_id, PaymentStep.happened_at, PaymentStep.status)
    changes = (change(PaymentStep.captured_minor), change(PaymentStep.refunded_minor))
    query = select(*columns, *changes).where(PaymentStep.payment_id.in_(payment_ids))
    return query.subquery()


def _by_order() -> Any:
    """Return the paid and invoiced sums of each changed order, before and after the period."""
    billed = select(Invoice.order_id).where(is_within(Invoice.issued_at))
    touched = union(_orders_with_steps(), billed).subquery()
    ids = select(touched.c.order_id)
    steps = _changes(select(Payment.id).where(Payment.order_id.in_(ids)))
    moved = steps.c.captured - steps.c.refunded
    is_note = Invoice.kind == InvoiceKind.CREDIT_NOTE
    total = case((is_note, -Invoice.total_minor), else_=Invoice.total_minor)
    paid = (
        select(
            Payment.order_id,
            Payment.currency,
            *_both(steps.c.happened_at, moved, literal(0), literal(0)),
        )
        .join(steps, steps.c.payment_id == Payment.id)
        .where(steps.c.happened_at < ENDS_AT)
    )
    invoices = select(
        Invoice.order_id,
        Invoice.currency,
        *_both(Invoice.issued_at, literal(0), total, literal(1)),
    ).where(Invoice.order_id.in_(ids), Invoice.issued_at < ENDS_AT)
    rows = union_all(paid, invoices).subquery()
    key = (rows.c.order_id, rows.c.currency)
    names = [f"{name}_{when}" for when in ("before", "after") for name in _AT_A_MOMENT]
    sums = (whole_sum(func.sum(rows.c[name])).label(name) for name in names)
    return select(*key, *sums).group_by(*key).subquery()


def _both(moment: Any, *amounts: Any) -> list[Any]:
    """Return amounts before the period, and amounts after it."""
    is_before = moment < STARTS_AT
    named = list(zip(_AT_A_MOMENT, amounts, strict=True))
    before = [case((is_before, each), else_=0).label(f"{name}_before") for name, each in named]
    return before + [each.label(f"{name}_after") for name, each in named]


def _remainders(paid: Any, billed: Any, invoices: Any) -> tuple[Any, Any, Any]:
    is_invoiced = invoices > 0
    return (
        case((is_invoiced, 0), else_=paid),
        case((is_invoiced & (paid > billed), paid - billed), else_=0),
        case((is_invoiced & (paid < billed), billed - paid), else_=0),
    )


@cache
def _count() -> Any:
    steps = select(func.count()).where(is_within(PaymentStep.happened_at))
    invoices = select(func.count()).where(is_within(Invoice.issued_at))
    return select(steps.scalar_subquery() + invoices.scalar_subquery())


@cache
def _movements() -> Any:
    steps = _changes(_payments_with_steps())
    sums = (whole_sum(func.sum(steps.c[name])) for name in ("captured", "refunded"))
    key = (Payment.currency, Payment.provider)
    return (
        select(*key, *sums)
        .join(steps, steps.c.payment_id == Payment.id)
        .where(is_within(steps.c.happened_at))
        .group_by(*key)
        .order_by(*key)
    )


@cache
def _remainder_changes() -> Any:
    orders = _by_order()
    before = _remainders(*(orders.c[f"{name}_before"] for name in _AT_A_MOMENT))
    after = _remainders(*(orders.c[f"{name}_after"] for name in _AT_A_MOMENT))
    changes = (
        whole_sum(func.sum(its_after - its_before))
        for its_after, its_before in zip(after, before, strict=True)
    )
    query = select(orders.c.currency, *changes)
    return query.group_by(orders.c.currency).order_by(orders.c.currency)


@cache
def _other_steps() -> Any:
    steps = _changes(_payments_with_steps())
    is_early = (steps.c.status != PaymentStatus.CAPTURED) & (steps.c.captured != 0)
    wrong = case((or_(is_early, steps.c.captured < 0), 1), else_=0)
    return (
        select(Payment.id)
        .join(steps, steps.c.payment_id == Payment.id)
        .group_by(Payment.id)
        .having(
            or_(
                Payment.captured_minor != func.sum(steps.c.captured),
                Payment.refunded_minor != func.sum(steps.c.refunded),
                func.sum(wrong) > 0,
            )
        )
        .limit(1)
    )


@cache
def _other_refunds() -> Any:
    made = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.payment_id == Payment.id, Refund.status == RefundStatus.SUCCEEDED
    )
    query = select(Payment.id).where(
        Payment.id.in_(_payments_with_steps()), Payment.refunded_minor != made.scalar_subquery()
    )
    return query.limit(1)


@cache
def _other_orders() -> Any:
    return (
        select(Order.id)
        .join(Payment, Payment.order_id == Order.id)
        .where(Order.id.in_(_orders_with_steps()))
        .group_by(Order.id)
        .having(
            or_(
                Order.paid_minor != func.sum(Payment.captured_minor),
                Order.refunded_minor != func.sum(Payment.refunded_minor),
            )
        )
        .limit(1)
    )


class MoneyRepository:
    """The money of the shop by period."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def count(self, window: Window) -> int:
        """Return the number of payment steps, invoices and credit notes."""
        return int(await self.session.scalar(_count(), window._asdict()) or 0)

    async def movements(self, window: Window) -> list[Movement]:
        """Return the captured and refunded money, by currency and provider."""
        rows = await self.session.execute(_movements(), window._asdict())
        return [each for each in (Movement(*row) for row in rows) if any(each[2:])]

    async def remainders(self, window: Window) -> list[Remainder]:
        """Return the changes of the remainders, by currency.

        They are computed for each order with a step or an invoice, at both ends of the period.
        """
        rows = await self.session.execute(_remainder_changes(), window._asdict())
        return [Remainder(*row) for row in rows]

    async def has_other_steps(self, window: Window) -> bool:
        """Return whether a payment with a step differs from the sum of all its steps."""
        return await self.session.scalar(_other_steps(), window._asdict()) is not None

    async def has_other_refunds(self, window: Window) -> bool:
        """Return whether a payment with a step has another refunded sum than its refunds."""
        return await self.session.scalar(_other_refunds(), window._asdict()) is not None

    async def has_other_orders(self, window: Window) -> bool:
        """Return whether the sums of an order differ from those of its payments."""
        return await self.session.scalar(_other_orders(), window._asdict()) is not None
