"""Daily reports for callers."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from app.core.calendar import ShopDays, span
from app.core.clock import Clock
from app.errors import InvalidInput
from app.models import DailyReport, ReportLine, ReportMoney, ReportProduct
from app.repositories.reports.report_repository import ReportRepository
from app.schemas.messaging.operation_schema import OperationRead
from app.schemas.page_schema import MAX_ITEMS
from app.schemas.reports.report_schema import (
    MAX_CHART_DAYS,
    ChartQuery,
    HourRead,
    ProviderRead,
    ReportLineQuery,
    ReportLineRead,
    ReportMoneyRead,
    ReportPage,
    ReportProductPage,
    ReportProductQuery,
    ReportProductRead,
    ReportQuery,
    ReportRead,
    ReportSummary,
    ReportTaxRead,
    SumOfOrders,
    Total,
)
from app.security.principal import Caller
from app.services.messaging.operation_service import OperationService
from app.services.reports.report_maker import ReportMaker

MAKE_REPORT = "make_report"
_CHART_DAYS = 30


class ReportService:
    """Returns reports, and starts making them."""

    def __init__(
        self,
        reports: ReportRepository,
        maker: ReportMaker,
        operations: OperationService,
        days: ShopDays,
        clock: Clock,
    ) -> None:
        self._reports = reports
        self._maker = maker
        self._operations = operations
        self._days = days
        self._clock = clock

    async def ask(self, caller: Caller, day: date) -> OperationRead:
        """Start making the report of a day in the background.

        Raises:
            DayNotOver: the day has not ended.
        """
        self._maker.require_over(day)
        return await self._operations.begin_task(caller, MAKE_REPORT, {"day": day.isoformat()})

    async def find(self, query: ReportQuery) -> ReportPage:
        """Return a page of reports."""
        reports, following = await self._reports.find(query)
        money = await self._reports.money_of([each.report_day for each in reports])
        return ReportPage(items=[summary_of(each, money) for each in reports], next=following)

    async def get(self, day: date, query: ReportLineQuery) -> ReportRead:
        """Return the report of a day with a page of its lines.

        Raises:
            ReportNotFound: the report does not exist.
        """
        report = await self._reports.get_of(day)
        products, _ = await self._reports.products_of(day, ReportProductQuery(limit=MAX_ITEMS))
        lines, following = await self._reports.lines_of(day, query)
        return ReportRead(
            # The summary is not dumped as JSON: the amounts would become text.
            **dict(summary_of(report, await self._reports.money_of([day]))),
            by_hour=[
                HourRead(hour=hour, orders_count=count, units=units, amount_minor=minor)
                for hour, count, units, minor in report.by_hour
            ],
            taxes=[
                ReportTaxRead.model_validate(each) for each in await self._reports.taxes_of(day)
            ],
            by_product=[_product(each) for each in products],
            items=[_line(each) for each in lines],
            next=following,
        )

    async def summary(self, day: date) -> ReportSummary:
        """Return the report of a day without its lines.

        Raises:
            ReportNotFound: the report does not exist.
        """
        report = await self._reports.get_of(day)
        return summary_of(report, await self._reports.money_of([day]))

    async def products(self, day: date, query: ReportProductQuery) -> ReportProductPage:
        """Return a page of the products of a day.

        Raises:
            ReportNotFound: the day has no report.
        """
        report = await self._reports.get_of(day)
        products, following = await self._reports.products_of(day, query)
        return ReportProductPage(
            items=[_product(each).in_currency(report.currency) for each in products], next=following
        )

    async def lines_after(self, day: date, after: Any, limit: int) -> Sequence[Any]:
        """Return the next lines of a day, after the line `after` if given."""
        return await self._reports.lines_after(day, after, limit)

    async def products_after(self, day: date, after: Any, limit: int) -> Sequence[Any]:
        """Return the next products of a day, after the product `after` if given."""
        return await self._reports.products_after(day, after, limit)

    async def hours(self, day: date) -> tuple[ReportSummary, list[list[int]]]:
        """Return the report of a day and its hours: hour, orders, units and amount of each.

        Raises:
            ReportNotFound: the report does not exist.
        """
        report = await self._reports.get_of(day)
        return summary_of(report), report.by_hour

    async def period(self, query: ChartQuery) -> tuple[list[date], list[ReportSummary]]:
        """Return the days of a period and their existing reports.

        Raises:
            InvalidInput: the period has too many days.
        """
        last = query.to_day or self._days.last_over(self._clock.now())
        first = query.from_day or last - timedelta(days=_CHART_DAYS - 1)
        if not 0 <= (last - first).days < MAX_CHART_DAYS:
            reason = f"must be at most {MAX_CHART_DAYS - 1} days before to, and not after it"
            raise InvalidInput.in_query("from", reason)
        reports = await self._reports.between(first, last)
        return span(first, last), [summary_of(each) for each in reports]


def summary_of(report: DailyReport, money: Iterable[ReportMoney] = ()) -> ReportSummary:
    """Return the representation of a report, with the money of its day."""
    return ReportSummary(
        id=report.id,
        day=report.report_day,
        timezone=report.timezone,
        starts_at=report.starts_at,
        ends_at=report.ends_at,
        currency=report.currency,
        placed=_total(report, "", report.orders_count, report.gross_minor),
        cancelled=_total(report, "cancelled_", report.cancelled_count, report.cancelled_minor),
        corrections=_total(report, "late_", report.late_count, report.late_minor),
        expired=_expired(report),
        net_units=report.units - report.cancelled_units,
        net_minor=report.gross_minor - report.cancelled_minor,
        money=[_money(each) for each in money if each.report_day == report.report_day],
        first_order_at=report.first_order_at,
        last_order_at=report.last_order_at,
        digest=report.digest.hex(),
        created_at=report.created_at,
        updated_at=report.updated_at,
        version=report.version,
    )


def _money(money: ReportMoney) -> ReportMoneyRead:
    return ReportMoneyRead(
        currency=money.currency,
        captured_minor=money.captured_minor,
        refunded_minor=money.refunded_minor,
        invoiced_minor=money.invoiced_minor,
        credited_minor=money.credited_minor,
        not_invoiced_minor=money.not_invoiced_minor,
        overpaid_minor=money.overpaid_minor,
        not_paid_minor=money.not_paid_minor,
        providers=[
            ProviderRead(provider=provider, captured_minor=captured, refunded_minor=refunded)
            for provider, captured, refunded in money.providers
        ],
    )


def _expired(report: DailyReport) -> SumOfOrders | None:
    if not report.expired_count:
        return None
    return SumOfOrders(
        orders_count=report.expired_count,
        units=report.expired_units,
        amount_minor=report.expired_minor,
    )


def _total(report: DailyReport, prefix: str, count: int, minor: int) -> Total:
    return Total(
        orders_count=count,
        units=getattr(report, f"{prefix}units"),
        amount_minor=minor,
        discount_minor=getattr(report, f"{prefix}discount_minor"),
        shipping_minor=getattr(report, f"{prefix}shipping_minor"),
        tax_minor=getattr(report, f"{prefix}tax_minor"),
    )


def _line(line: ReportLine) -> ReportLineRead:
    return ReportLineRead(
        report_id=line.id,
        order_id=line.order_id,
        order_number=line.order_number,
        placed_at=line.placed_at,
        count_product=line.units,
        total_minor=line.total_minor,
    )


def _product(product: ReportProduct) -> ReportProductRead:
    return ReportProductRead.model_validate(product)
