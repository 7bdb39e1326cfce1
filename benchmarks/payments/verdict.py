"""Compares the payments of the provider with those of the shop, to the minor unit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.core.order_statuses import CREDIT_NOTE, INVOICE
from app.models import (
    Attention,
    Errand,
    Invoice,
    InvoiceKind,
    Order,
    OrderItem,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    Variant,
)
from app.services.orders.payments.order_money import REFUND, VOID
from app.wiring.resources import Shop

_OPEN = (
    PaymentStatus.CREATED,
    PaymentStatus.PROCESSING,
    PaymentStatus.REQUIRES_ACTION,
    PaymentStatus.AUTHORISED,
)


async def left_over(shop: Shop) -> dict[str, int]:
    """Return the number of orders, payments and refunds that are not finished."""
    async with shop.database.read() as session:
        asked = {
            "orders": select(func.count()).where(Order.status == OrderStatus.PENDING),
            "payments": select(func.count()).where(Payment.status.in_(_OPEN)),
            "refunds": select(func.count()).where(
                Refund.status.in_((RefundStatus.ASKED, RefundStatus.PENDING))
            ),
            "errands": select(func.count()).where(
                Errand.kind.in_((INVOICE, CREDIT_NOTE, REFUND, VOID))
            ),
        }
        return {name: await session.scalar(query) or 0 for name, query in asked.items()}


async def differences(
    shop: Shop, ledger: Mapping[str, Any], product: UUID, supplied: int
) -> list[str]:
    """Return all differences."""
    async with shop.database.read() as session:
        payments = {
            each.reference: each
            for each in await session.scalars(select(Payment))
            if each.reference
        }
        orders = {each.id: each for each in await session.scalars(select(Order))}
        stock = await session.scalar(select(Variant.stock_quantity).where(Variant.id == product))
        sold = await session.scalar(
            select(func.coalesce(func.sum(OrderItem.quantity - OrderItem.cancelled_quantity), 0))
            .join(Order, Order.id == OrderItem.order_id)
            .where(Order.status != OrderStatus.CANCELLED, OrderItem.variant_id == product)
        )
        invoiced = await session.execute(
            select(Invoice.order_id, Invoice.kind, func.sum(Invoice.total_minor)).group_by(
                Invoice.order_id, Invoice.kind
            )
        )
        found = _against_invoices(invoiced.all(), orders)
    found += _against_payments(payments, ledger) + _against_orders(orders, ledger)
    if stock != supplied - (sold or 0):
        found.append(f"stock is {stock}, of {supplied} supplied and {sold} sold")
    return found


def _against_payments(payments: Mapping[str, Payment], ledger: Mapping[str, Any]) -> list[str]:
    found = [f"{each} is not at the provider" for each in payments.keys() - ledger.keys()]
    for reference, theirs in ledger.items():
        if (mine := payments.get(reference)) is None:
            if theirs["received"]:
                found.append(f"{reference}: {theirs['received']} came in, the shop has no payment")
            continue
        ours = (mine.captured_minor, mine.refunded_minor)
        if ours != (theirs["received"], theirs["refunded"]):
            their = (theirs["received"], theirs["refunded"])
            found.append(f"{reference}: captured and refunded are {ours}, {their} there")
        if mine.attention in (Attention.REFUNDED_ELSEWHERE, Attention.MISMATCH):
            found.append(
                f"{reference}: {mine.attention}, and nobody but the shop has done anything"
            )
    return found


def _against_orders(orders: Mapping[UUID, Order], ledger: Mapping[str, Any]) -> list[str]:
    kept: defaultdict[UUID, int] = defaultdict(int)
    taken: defaultdict[UUID, int] = defaultdict(int)
    for each in ledger.values():
        order_id = UUID(each["metadata"]["order_id"])
        taken[order_id] += each["received"]
        kept[order_id] += each["received"] - each["refunded"]
    found = [f"order {each} is not there" for each in kept.keys() - orders.keys()]
    for order_id, order in orders.items():
        name, net = f"order {order.number}", kept[order_id]
        if order.status is OrderStatus.CANCELLED:
            if net:
                found.append(f"{name} is cancelled, and {net} is kept of it")
        elif order.status is OrderStatus.PENDING:
            found.append(f"{name} is pending, and {net} is kept of it")
        else:
            owed = order.total_minor - order.cancelled_minor
            if net > owed or taken[order_id] < owed:
                found.append(f"{name} is {order.status} with {net} of {owed}")
    return found


def _against_invoices(invoiced: Iterable[Any], orders: Mapping[UUID, Order]) -> list[str]:
    totals: defaultdict[UUID, int] = defaultdict(int)
    for order_id, kind, total in invoiced:
        totals[order_id] += total if kind is InvoiceKind.INVOICE else -total
    found = [
        f"order {each.number} is {each.status} without an invoice"
        for each in orders.values()
        if each.status is OrderStatus.PAID and each.id not in totals
    ]
    for order_id, total in totals.items():
        order = orders[order_id]
        if total != (kept := order.paid_minor - order.refunded_minor):
            found.append(f"order {order.number} is invoiced with {total}, and has {kept}")
    return found
