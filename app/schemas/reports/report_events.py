"""The events of daily reports."""

from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.reports.report_messages import ReportReady


class ReportReadyEvent(DomainEvent, frozen=True):
    """The report of a day is available."""

    routing_key = "report.ready"
    data: ReportReady
