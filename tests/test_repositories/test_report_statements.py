"""Statements of reports find the rows of a day by indexes, also with a generic plan."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.reports.cancellation_repository import CancellationRepository
from app.repositories.reports.ledger_repository import LedgerRepository, Window
from app.repositories.reports.money_repository import MoneyRepository
from app.repositories.reports.report_making_repository import ReportMakingRepository
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.queries import analyze, generic_plan_of, plan_of, statements_of
from tests.test_services.invoices.test_gapless import paid_orders

WINDOW = Window(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
INDEXES = {
    "orders.created_at >=": "ix_orders_created_at_id",
    "order_changes.changed_at >=": "ix_order_changes_cancelled",
    "order_cancellations.cancelled_at >=": "ix_order_cancellations_cancelled_at",
    "payment_steps.happened_at >=": "ix_payment_steps_happened_at",
    "invoices.issued_at >=": "ix_invoices_issued_at_id",
}
"""The indexes by the conditions for which they are used."""


async def _of_ledger(session: AsyncSession) -> None:
    ledger = LedgerRepository(session)
    assert [rows async for rows in ledger.orders(WINDOW)] == []
    await ledger.placed(WINDOW)
    await ledger.placed_variants(WINDOW)
    await ledger.placed_taxes(WINDOW)
    await ledger.placed_with_tax(WINDOW)
    await ledger.moved(WINDOW)


async def _of_cancellations(session: AsyncSession) -> None:
    cancellations = CancellationRepository(session)
    await cancellations.totals(WINDOW)
    await cancellations.totals(WINDOW, only_late=True)
    await cancellations.expired(WINDOW)
    await cancellations.lines(WINDOW)
    await cancellations.has_other_lines(WINDOW)
    await cancellations.variants(WINDOW)
    await cancellations.taxes(WINDOW)


async def _of_money(session: AsyncSession) -> None:
    money = MoneyRepository(session)
    await money.count(WINDOW)
    await money.movements(WINDOW)
    await money.remainders(WINDOW)
    await money.has_other_steps(WINDOW)
    await money.has_other_refunds(WINDOW)
    await money.has_other_orders(WINDOW)


async def _of_reports(session: AsyncSession) -> None:
    reports = ReportMakingRepository(session)
    await reports.outdated_days("UTC")
    await reports.outdated_days("UTC", date(2026, 3, 2))


@pytest.mark.parametrize(
    ("ask", "statements_count"),
    [(_of_ledger, 6), (_of_cancellations, 12), (_of_money, 6), (_of_reports, 2)],
)
async def test_a_day_is_found_by_indexes(
    client: httpx.AsyncClient,
    shop: Shop,
    ask: Callable[[AsyncSession], Awaitable[None]],
    statements_count: int,
) -> None:
    if not shop.database.is_sqlite:
        # In a table without rows, all indexes with a column cost PostgreSQL the same.
        await paid_orders(shop, await create_product(client), 500)
        await analyze(shop, "orders", "order_items", "order_changes")
    with statements_of(shop) as statements:
        async with shop.database.read() as session:
            await ask(session)
    assert len(statements) == statements_count
    for each in statements:
        used = [index for column, index in INDEXES.items() if column in each.sql]
        plans = [await plan_of(shop, each, "seqscan")]
        if not shop.database.is_sqlite:
            plans.append(await generic_plan_of(shop, each, "seqscan"))
        for plan in plans:
            assert used and [index for index in used if index not in plan] == [], plan
