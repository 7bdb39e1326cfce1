"""The events of daily reports."""

from dataclasses import dataclass

from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.reports.report_messages import ReportReady


@dataclass(frozen=True, slots=True)
class ReportReadyEvent(DomainEvent):
    """The report of a day is available."""

    routing_key = "report.ready"
    data: ReportReady
