"""The daily reports of the last four weeks, each with that of a week before."""

from datetime import date, timedelta

from msgspec import Struct

from app.core.calendar import span
from app.schemas.reports.report_schema import ChartQuery, ReportSummary
from app.services.reports.report_service import ReportService

_DAYS = 28
_WEEK = timedelta(days=7)


class SoldDay(Struct, frozen=True):
    """A day, its report and that of the same weekday a week before, if they exist."""

    day: date
    report: ReportSummary | None
    before: ReportSummary | None

    @property
    def orders_change(self) -> str:
        """The change of the number of orders from a week before, in words."""
        if self.report is None or self.before is None:
            return ""
        now, before = self.report.placed.orders_count, self.before.placed.orders_count
        return change_of(now, before)

    @property
    def revenue_change(self) -> str:
        """The change of the revenue from a week before, in words."""
        if self.report is None or self.before is None:
            return ""
        if self.report.currency != self.before.currency:
            return ""
        return change_of(self.report.placed.amount_minor, self.before.placed.amount_minor)


def change_of(now: int, before: int) -> str:
    """Return the change of a number in percent, in words."""
    if now == before:
        return "the same as a week before"
    if before == 0:
        return "more than a week before"
    percent = (200 * abs(now - before) + before) // (2 * before)
    if percent == 0:
        return "about the same as a week before"
    return f"{percent:,} % {'more' if now > before else 'less'} than a week before"


async def last_weeks(reports: ReportService, last: date) -> list[SoldDay]:
    """Return the last four weeks until a day, the newest day first."""
    first = last - timedelta(days=_DAYS - 1)
    ends = (("from", str(first - _WEEK)), ("to", str(last)))
    _, found = await reports.period(ChartQuery.parse_query(ends))
    by_day = {each.day: each for each in found}
    return [
        SoldDay(day, by_day.get(day), by_day.get(day - _WEEK)) for day in span(first, last)[::-1]
    ]
