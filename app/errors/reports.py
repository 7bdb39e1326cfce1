"""Refusals about daily reports."""

from app.errors.base import Conflict, NotFound

__all__ = [
    "DayNotOver",
    "ReportInProgress",
    "ReportNotFound",
    "ReportUnbalanced",
]


class ReportNotFound(NotFound):
    """There is no report of this day."""

    code, title = "report-not-found", "Report not found"


class DayNotOver(Conflict):
    """A report is made of a day that is over."""

    code, title = "day-not-over", "The day is not over"


class ReportInProgress(Conflict):
    """The report of this day is being made."""

    code, title = "report-in-progress", "The report is being made"


class ReportUnbalanced(Conflict):
    """The sums of a report are not those of the books."""

    code, title = "report-unbalanced", "The report does not add up"
