"""Builds the services of daily reports and metrics."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.cron import Cron
from app.repositories.invoices.invoice_repository import InvoiceRepository
from app.repositories.messaging.dead_letter_repository import DeadLetterRepository
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.reports.cancellation_repository import CancellationRepository
from app.repositories.reports.ledger_repository import LedgerRepository
from app.repositories.reports.money_repository import MoneyRepository
from app.repositories.reports.report_making_repository import ReportMakingRepository
from app.repositories.reports.report_repository import ReportRepository
from app.repositories.system.errand_repository import ErrandRepository
from app.services.reports.metrics_service import MetricsService
from app.services.reports.money_of_day import MoneyOfDay
from app.services.reports.report_maker import ReportMaker
from app.services.reports.report_schedule import ReportSchedule
from app.services.reports.report_service import ReportService
from app.wiring.areas.messaging import provide_operations, provide_outbox
from app.wiring.resources import Shop


def provide_report_maker(session: AsyncSession, shop: Shop) -> ReportMaker:
    """Return the service that makes daily reports."""
    return ReportMaker(
        ReportMakingRepository(session),
        LedgerRepository(session),
        CancellationRepository(session),
        MoneyOfDay(MoneyRepository(session), InvoiceRepository(session)),
        provide_outbox(session, shop),
        shop.days,
        shop.clock,
        shop.settings.shop_currency,
    )


def provide_report_schedule(session: AsyncSession, shop: Shop) -> ReportSchedule:
    """Return the service that finds the daily reports that are due."""
    return ReportSchedule(
        ReportMakingRepository(session),
        LedgerRepository(session),
        shop.days,
        shop.clock,
        Cron(shop.settings.report_cron),
    )


def provide_reports(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ReportService:
    """Return the service of daily reports."""
    return ReportService(
        ReportRepository(session),
        provide_report_maker(session, shop),
        provide_operations(session, shop),
        shop.days,
        shop.clock,
    )


def provide_metrics(session: AsyncSession, shop: Shop) -> MetricsService:
    """Return the service of metrics."""
    return MetricsService(
        OutboxRepository(session),
        DeadLetterRepository(session),
        OrderRepository(session),
        ReportRepository(session),
        ErrandRepository(session),
        shop.clock,
    )


Reports = NamedDependency[ReportService]

DEPENDENCIES = {
    "reports": Provide(provide_reports, sync_to_thread=False),
}
