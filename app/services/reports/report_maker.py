"""Makes the report of a day from the ledger, and refuses one that does not balance."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

from app.core.calendar import ShopDays
from app.core.clock import Clock
from app.core.ids import derived_id
from app.core.queues import REPORT_QUEUE
from app.errors import DayNotOver, ReportUnbalanced
from app.models import DailyReport
from app.repositories.reports.cancellation_repository import CancellationRepository
from app.repositories.reports.ledger_repository import LedgerRepository, Sum, Window
from app.repositories.reports.report_making_repository import ReportMakingRepository
from app.schemas.reports.report_events import ReportReadyEvent
from app.schemas.reports.report_messages import ReportReady
from app.services.messaging.outbox_service import OutboxService
from app.services.reports.day_books import Books, Further
from app.services.reports.money_of_day import MoneyOfDay

MESSAGE_LINES = 2_000
"""The lines in one message; a longer report is sent in parts, as brokers expect small messages."""


class Outcome(StrEnum):
    """The result of making a report."""

    MADE = "made"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


class ReportMaker:
    """Makes the report of a day once, or again when its ledger has changed."""

    def __init__(
        self,
        reports: ReportMakingRepository,
        ledger: LedgerRepository,
        cancellations: CancellationRepository,
        money: MoneyOfDay,
        outbox: OutboxService,
        days: ShopDays,
        clock: Clock,
        currency: str,
    ) -> None:
        self._reports = reports
        self._ledger = ledger
        self._cancellations = cancellations
        self._money = money
        self._outbox = outbox
        self._days = days
        self._clock = clock
        self._currency = currency

    def require_over(self, day: date) -> None:
        """Require that a day has ended.

        Raises:
            DayNotOver: it has not ended.
        """
        _, ends_at = self._days.window_of(day)
        if self._clock.now() < ends_at:
            raise DayNotOver(
                f"{day} does not end before {ends_at.isoformat()}",
                day=day.isoformat(),
                ends_at=ends_at.isoformat(),
            )

    async def make_if_due(self, day: date) -> Outcome:
        """Make the report of a day that has none, or whose ledger has changed.

        Raises:
            DayNotOver, ReportInProgress, ReportUnbalanced: nothing is made.
        """
        self.require_over(day)
        await self._reports.lock(day)
        report = await self._reports.find_of(day)
        if report is not None and not await self._reports.outdated_days(self._days.timezone, day):
            return Outcome.UNCHANGED
        return await self._make(day, report)

    async def make(self, day: date) -> Outcome:
        """Make the report of a day; an existing one with the same content is not replaced.

        Raises:
            DayNotOver, ReportInProgress, ReportUnbalanced: nothing is made.
        """
        self.require_over(day)
        await self._reports.lock(day)
        return await self._make(day, await self._reports.find_of(day))

    async def _make(self, day: date, report: DailyReport | None) -> Outcome:
        books = await self._read(day)
        if report is not None and report.digest == _digest_like(report, books):
            return Outcome.UNCHANGED
        await self._require_balance(books)
        outcome = Outcome.MADE if report is None else Outcome.REPLACED
        report = self._report(report, books)
        await self._reports.replace(report)
        await self._write_products(books)
        await self._write_sums(books)
        await self._write_lines(report, books)
        ready = ReportReady(
            report_date=day, reports_count=report.orders_count, created_at=report.updated_at
        )
        await self._outbox.announce(ReportReadyEvent(report.id, ready))
        return outcome

    async def _read(self, day: date) -> Books:
        window = Window(*self._days.window_of(day))
        books = Books(
            day,
            window,
            placed_variants=await self._ledger.placed_variants(window),
            placed_taxes=await self._ledger.placed_taxes(window),
        )
        await self._read_cancelled(books)
        digest = hashlib.sha256()
        async for rows in self._ledger.orders(window):
            self._include(books, rows)
            for row in rows:
                # The digest of a day without these sums stays the same.
                amounts = row[3:] if any(row[5:]) else row[3:5]
                digest.update(_canonical(row.id, row.created_at, *amounts))
        books.money = await self._money.read(day, window)
        self._digest(books, digest)
        return books

    def _digest(self, books: Books, digest: Any) -> None:
        """Add the sums of a day to the digest of its orders."""
        for variant_id, placed, cancelled in books.variants():
            digest.update(_canonical(variant_id, placed, cancelled))
        if any(books.amounts().values()) or books.taxes():
            digest.update(_canonical(books.amounts(), books.taxes()))
        if any(books.further):
            digest.update(_canonical(books.further._asdict()))
        digest.update(
            _canonical(
                books.day,
                self._days.timezone,
                self._currency,
                books.sums(),
                sorted(books.by_hour.items()),
            )
        )
        books.money.digest_without = digest.digest()
        if books.money.sums:
            digest.update(_canonical(sorted(books.money.sums.items())))
        books.digest = digest.digest()

    async def _read_cancelled(self, books: Books) -> None:
        window = books.window
        books.cancelled = await self._cancellations.totals(window)
        lines_count = await self._cancellations.lines(window)
        if not books.cancelled.orders and not lines_count:
            return
        books.late = await self._cancellations.totals(window, only_late=True)
        books.cancelled_variants = await self._cancellations.variants(window)
        books.cancelled_taxes = await self._cancellations.taxes(window)
        expired = await self._cancellations.expired(window)
        books.further = Further(lines_count, expired.orders, expired.units, expired.total_minor)

    def _include(self, books: Books, rows: Sequence[Any]) -> None:
        for row in rows:
            hour = books.by_hour.setdefault(self._days.hour_of(row.created_at), [0, 0, 0])
            hour[0] += 1
            hour[1] += row.units
            hour[2] += row.total_minor
        columns = zip(*(row[3:] for row in rows), strict=True)
        books.placed = books.placed.plus(Sum(len(rows), *map(sum, columns)))
        first, _ = books.between or (rows[0].created_at, None)
        books.between = (first, rows[-1].created_at)

    async def _require_balance(self, books: Books) -> None:
        """Require that the orders of a day match their items, taxes and stock movements."""
        for name, whole, parts, taxes in (
            ("placed", books.placed, books.placed_variants, books.placed_taxes),
            ("cancelled", books.cancelled, books.cancelled_variants, books.cancelled_taxes),
        ):
            units = sum(each.units for each in parts.values())
            total_minor = sum(each.total_minor for each in parts.values())
            if (units, total_minor + whole.shipping_minor) != (whole.units, whole.total_minor):
                raise _unbalanced(books.day, f"the items of the orders {name}")
            if sum(each.tax_minor for each in taxes.values()) != whole.tax_minor:
                raise _unbalanced(books.day, f"the taxes of the orders {name}")
        taxed = sum(each.net_minor + each.tax_minor for each in books.placed_taxes.values())
        if books.placed_taxes and taxed != await self._ledger.placed_with_tax(books.window):
            raise _unbalanced(books.day, "the taxed amounts")
        if await self._ledger.placed(books.window) != books.placed:
            raise _unbalanced(books.day, "the orders")
        has_lines = books.further.cancelled_lines_count > 0
        if has_lines and await self._cancellations.has_other_lines(books.window):
            raise _unbalanced(books.day, "the lines cancelled")
        moved = await self._ledger.moved(books.window)
        for variant_id, placed, cancelled in books.variants():
            if moved.get(variant_id, 0) != cancelled.units - placed.units:
                raise _unbalanced(books.day, f"the stock movements of variant {variant_id}")
        wrong = await self._money.contradiction(books.money, books.window)
        if wrong is not None:
            raise _unbalanced(books.day, wrong)

    def _report(self, report: DailyReport | None, books: Books) -> DailyReport:
        now = self._clock.now()
        starts_at, ends_at = books.window.starts_at, books.window.ends_at
        if report is None:
            report = DailyReport(
                id=derived_id(starts_at, "report", books.day.isoformat()),
                report_day=books.day,
                created_at=now,
                version=0,
            )
        report.version += 1
        report.updated_at = now
        report.timezone, report.currency = self._days.timezone, self._currency
        report.starts_at, report.ends_at = starts_at, ends_at
        report.first_order_at, report.last_order_at = books.between or (None, None)
        report.by_hour = [[hour, *sums] for hour, sums in sorted(books.by_hour.items())]
        report.digest, report.money_count = books.digest, books.money.count
        for name, value in (books.sums() | books.amounts() | books.further._asdict()).items():
            setattr(report, name, value)
        return report

    async def _write_products(self, books: Books) -> None:
        rows = [
            {
                "id": derived_id(books.window.starts_at, "report-product", f"{books.day} {each}"),
                "report_day": books.day,
                "variant_id": each,
                "sku": placed.sku or cancelled.sku,
                "name": placed.name or cancelled.name,
                "units": placed.units,
                "gross_minor": placed.total_minor,
                "cancelled_units": cancelled.units,
                "cancelled_minor": cancelled.total_minor,
            }
            for each, placed, cancelled in books.variants()
        ]
        for start in range(0, len(rows), MESSAGE_LINES):
            await self._reports.add_products(rows[start : start + MESSAGE_LINES])

    async def _write_sums(self, books: Books) -> None:
        taxes = [
            {
                "report_day": books.day,
                "rate_ppm": rate_ppm,
                "reason": reason,
                "net_minor": placed.net_minor,
                "tax_minor": placed.tax_minor,
                "cancelled_net_minor": cancelled.net_minor,
                "cancelled_tax_minor": cancelled.tax_minor,
            }
            for rate_ppm, reason, placed, cancelled in books.taxes()
        ]
        money = [
            {"report_day": books.day, "currency": currency, **asdict(its)}
            for currency, its in sorted(books.money.sums.items())
        ]
        await self._reports.add_sums(taxes, money)

    async def _write_lines(self, report: DailyReport, books: Books) -> None:
        """Write the lines of a day and the messages that contain them in batches."""
        parts = max(1, -(-report.orders_count // MESSAGE_LINES))
        waiting: list[dict[str, Any]] = []
        part = 0
        async for rows in self._ledger.orders(books.window):
            lines = [_line(books.day, row) for row in rows]
            await self._reports.add_lines(lines)
            waiting += lines
            while len(waiting) >= MESSAGE_LINES and part < parts - 1:
                part += 1
                await self._send(report, waiting[:MESSAGE_LINES], part, parts)
                del waiting[:MESSAGE_LINES]
        await self._send(report, waiting, part + 1, parts)
        whole = books.placed
        if await self._reports.sum_of_lines(books.day) != (
            whole.orders,
            whole.units,
            whole.total_minor,
        ):
            raise _unbalanced(books.day, "the lines")

    async def _send(
        self, report: DailyReport, lines: Sequence[dict[str, Any]], part: int, parts: int
    ) -> None:
        body = {
            "report_date": report.report_day,
            "reports_count": report.orders_count,
            "reports": [
                {
                    "report_id": each["id"],
                    "order_id": each["order_id"],
                    "count_product": each["units"],
                    "report_at": report.report_day,
                }
                for each in lines
            ],
            "created_at": report.updated_at,
        }
        name = f"{REPORT_QUEUE}-{report.report_day}"
        await self._outbox.publish(
            REPORT_QUEUE,
            f"{name}-{report.version}-{part}",
            name,
            msgspec.json.encode(body),
            {"x-report-version": report.version, "x-part": part, "x-parts": parts},
        )


def _digest_like(report: DailyReport, books: Books) -> bytes:
    """Return the digest of the same kind as that of a report."""
    # A report from before reports had money stays unchanged as long as its orders do.
    return books.money.digest_without if report.money_count is None else books.digest


def _line(day: date, row: Any) -> dict[str, Any]:
    return {
        "id": derived_id(row.created_at, "report-line", f"{day} {row.id}"),
        "report_day": day,
        "order_id": row.id,
        "order_number": row.number,
        "placed_at": row.created_at,
        "units": row.units,
        "total_minor": row.total_minor,
    }


def _canonical(*parts: Any) -> bytes:
    """Return the values as one line of JSON, the input of the digest."""
    return msgspec.json.encode(parts) + b"\n"


def _unbalanced(day: date, what: str) -> ReportUnbalanced:
    return ReportUnbalanced(f"{what} of {day} do not add up to the day", day=day.isoformat())
