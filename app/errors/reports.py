"""Errors about daily reports."""

from app.errors.base import Conflict, NotFound

__all__ = [
    "DayNotOver",
    "ReportInProgress",
    "ReportNotFound",
    "ReportUnbalanced",
]


class ReportNotFound(NotFound):
    """The day has no report."""

    code, title = "report-not-found", "Report not found"


class DayNotOver(Conflict):
    """The day has not ended; a report needs a completed day."""

    code, title = "day-not-over", "The day has not ended"


class ReportInProgress(Conflict):
    """Another process is making the report of this day."""

    code, title = "report-in-progress", "The report is being made"


class ReportUnbalanced(Conflict):
    """The totals of a report differ from the ledger."""

    code, title = "report-unbalanced", "The report does not match the ledger"
