"""Queries for making daily reports."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, text

from app.database.advisory_locks import AdvisoryLock
from app.errors import ReportInProgress
from app.models import (
    DailyReport,
    Invoice,
    Order,
    OrderCancellation,
    OrderChange,
    PaymentStep,
    Product,
    ReportLine,
    ReportMoney,
    ReportProduct,
    ReportTax,
)
from app.repositories.bulk import insert_rows, table_of
from app.repositories.reports.ledger_repository import IS_CANCELLATION
from app.repositories.reports.report_repository import ReportRepository

_lines = table_of(ReportLine)
_products = table_of(ReportProduct)
_taxes = table_of(ReportTax)
_money = table_of(ReportMoney)
_LOCK = text("SELECT pg_try_advisory_xact_lock(:lock, :day)")
# The xmax of the snapshot is not used: it is above the last transaction that has ended, but not
# above those that are running.
_NEXT_TRANSACTION = text("SELECT pg_current_xact_id()::text::bigint")
_OLDEST_RUNNING = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_DELETIONS = tuple(
    delete(table).where(table.c.report_day == bindparam("day"))
    for table in (_lines, _products, _taxes, _money)
)
_SUM_OF_LINES = select(
    func.count(),
    func.coalesce(func.sum(_lines.c.units), 0),
    func.coalesce(func.sum(_lines.c.total_minor), 0),
).where(_lines.c.report_day == bindparam("day"))


def _number_of(moment: Any, *conditions: Any) -> Any:
    """Return the number of rows with a moment in the day of a report."""
    is_within = (moment >= DailyReport.starts_at) & (moment < DailyReport.ends_at)
    return select(func.count()).where(is_within, *conditions).scalar_subquery()


@cache
def _outdated() -> Any:
    """Return the query of the days whose ledger has changed, or that began at another hour."""
    return (
        select(DailyReport.report_day)
        .where(
            or_(
                DailyReport.timezone != bindparam("timezone"),
                DailyReport.orders_count != _number_of(Order.created_at),
                DailyReport.cancelled_count != _number_of(OrderChange.changed_at, IS_CANCELLATION),
                DailyReport.cancelled_lines_count != _number_of(OrderCancellation.cancelled_at),
                # Null, and so not different, in a report from before reports had money.
                DailyReport.money_count
                != _number_of(PaymentStep.happened_at) + _number_of(Invoice.issued_at),
            )
        )
        .order_by(DailyReport.report_day)
    )


@cache
def _is_outdated() -> Any:
    return _outdated().where(DailyReport.report_day == bindparam("day"))


class ReportMakingRepository(ReportRepository):
    """Existing reports and reports to be made."""

    # Another process has made the same report first.
    conflicts = {"report_day": ReportInProgress}

    async def lock(self, day: date) -> None:
        """Prevent others from making the report of a day until the transaction ends.

        Raises:
            ReportInProgress: another process is making it.
        """
        if not self._is_postgres:
            return  # SQLite's only writer is this transaction.
        if not await self.session.scalar(
            _LOCK, {"lock": AdvisoryLock.REPORT, "day": day.toordinal()}
        ):
            raise ReportInProgress(f"the report of {day} is being made", day=day.isoformat())

    async def days_made(self) -> Sequence[date]:
        """Return the days that have a report, the oldest first."""
        query = select(DailyReport.report_day).order_by(DailyReport.report_day)
        return (await self.session.scalars(query)).all()

    async def outdated_days(self, timezone: str, only: date | None = None) -> Sequence[date]:
        """Return the days whose ledger or hours have changed since their report."""
        query, given = (_outdated(), {}) if only is None else (_is_outdated(), {"day": only})
        return (await self.session.scalars(query, {"timezone": timezone, **given})).all()

    async def orders_before(self, moment: datetime) -> int:
        """Return the number of orders in the reports of the days before a time."""
        query = select(func.sum(DailyReport.orders_count)).where(DailyReport.starts_at < moment)
        return int(await self.session.scalar(query) or 0)

    async def opened_at(self) -> datetime | None:
        """Return when the shop got its first product, or None if it never had any."""
        opened_at: datetime | None = await self.session.scalar(select(func.min(Product.created_at)))
        return opened_at

    async def replace(self, report: DailyReport) -> None:
        """Store a report, and delete the parts of its previous version.

        Raises:
            ReportInProgress: another process has made it at the same time.
        """
        if report.version > 1:
            for deletion in _DELETIONS:
                await self.session.execute(deletion, {"day": report.report_day})
        await self.add(report)

    async def add_lines(self, lines: Sequence[Mapping[str, object]]) -> None:
        """Add lines, given as columns."""
        await insert_rows(self.session, (_lines, lines))

    async def add_products(self, products: Sequence[Mapping[str, object]]) -> None:
        """Add products, given as columns."""
        await insert_rows(self.session, (_products, products))

    async def add_sums(
        self, taxes: Sequence[Mapping[str, object]], money: Sequence[Mapping[str, object]]
    ) -> None:
        """Add the tax by rate and the money by currency, given as columns."""
        await insert_rows(self.session, (_taxes, taxes), (_money, money))

    async def sum_of_lines(self, day: date) -> tuple[int, int, int]:
        """Return the number of lines of a day, their units and their amount."""
        count, units, total_minor = (await self.session.execute(_SUM_OF_LINES, {"day": day})).one()
        return int(count), int(units), int(total_minor)

    async def next_transaction(self) -> int:
        """Return a number above that of every transaction that has locked anything so far."""
        return int(await self.session.scalar(_NEXT_TRANSACTION) or 0) if self._is_postgres else 0

    async def has_transaction_below(self, transaction: int) -> bool:
        """Return whether a transaction below a number is still running."""
        if not self._is_postgres:
            return False  # SQLite has one writer at a time.
        return int(await self.session.scalar(_OLDEST_RUNNING) or 0) < transaction

    @property
    def _is_postgres(self) -> bool:
        return self.session.get_bind().dialect.name == "postgresql"
