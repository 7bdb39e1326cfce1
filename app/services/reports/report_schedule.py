"""Decides which daily reports are due, and when they can be made."""

from datetime import UTC, date, datetime, timedelta

from app.core.calendar import ShopDays, span
from app.core.clock import Clock
from app.core.cron import Cron
from app.repositories.reports.ledger_repository import LedgerRepository
from app.repositories.reports.report_making_repository import ReportMakingRepository

_DAY = timedelta(days=1)
# The days before and after it are dates in every time zone.
_FIRST_MOMENT = datetime(1, 1, 3, tzinfo=UTC)
# Every statement ends long before this time.
_SETTLED_AFTER = timedelta(hours=1)


class ReportSchedule:
    """Finds the reports that are due."""

    def __init__(
        self,
        reports: ReportMakingRepository,
        ledger: LedgerRepository,
        days: ShopDays,
        clock: Clock,
        cron: Cron,
    ) -> None:
        self._reports = reports
        self._ledger = ledger
        self._days = days
        self._clock = clock
        self._cron = cron

    async def due_days(self, *, is_catching_up: bool = False) -> list[date]:
        """Return the days whose report is to be made, or made again, the oldest first.

        That is every day from the one on which the shop got its first product, and each day before
        on which imported orders were placed. When catching up, it is every day that had ended at
        the last scheduled time.
        """
        until = now = self._clock.now()
        if is_catching_up:
            until = self._cron.last_before(now, self._days.timezone)
        made = set(await self._reports.days_made())
        due = set(await self._reports.outdated_days(self._days.timezone))
        opened_at = await self._reports.opened_at()
        if opened_at is not None:
            opened_on = self._days.day_of(opened_at)
            yesterday = self._days.last_over(until)
            due.update(set(span(opened_on, yesterday)) - made)
            due.update(await self._imported_days(min(opened_on, yesterday + _DAY), made))
        return sorted(due)

    async def _imported_days(self, before: date, made: set[date]) -> set[date]:
        """Return the days before another one that have orders and no report."""
        end = self._days.start_of(before)
        if await self._ledger.count_before(end) == await self._reports.orders_before(end):
            return set()
        found: set[date] = set()
        moment = _FIRST_MOMENT
        while (placed_at := await self._ledger.next_placed(moment)) and placed_at < end:
            day = self._days.day_of(placed_at)
            if day not in made:
                found.add(day)
            _, moment = self._days.window_of(day)
        return found

    async def transaction_to_wait_for(self, day: date) -> int | None:
        """Return the number below which transactions must have ended to close the day, or None."""
        _, ends_at = self._days.window_of(day)
        if self._clock.now() - ends_at > _SETTLED_AFTER:
            return None
        return await self._reports.next_transaction()

    async def is_settled(self, transaction: int) -> bool:
        """Return whether every transaction before this one has ended."""
        return not await self._reports.has_transaction_below(transaction)
