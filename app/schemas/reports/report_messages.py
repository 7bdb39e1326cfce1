"""Messages about daily reports."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.fields import Natural
from app.schemas.orders.cancellation_schema import Units

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_DAY = "2026-01-31"
_MOMENT = "2026-01-31T12:00:00Z"


class ReportReady(Schema):
    """A daily report that is available."""

    report_date: date = Field(description="The shop day.", examples=[_DAY])
    reports_count: Natural = Field(description="The number of orders of the day.", examples=[1])
    created_at: datetime = Field(description="When the report was made (UTC).", examples=[_MOMENT])


class ReportLine(Schema):
    """One order of a daily report."""

    report_id: UUID = Field(description="The line's id (UUIDv7).", examples=[_ID])
    order_id: UUID = Field(description="The order.", examples=[_ID])
    count_product: Units = Field(
        description="The number of units in all lines of the order.", examples=[2]
    )
    report_at: date = Field(description="The shop day.", examples=[_DAY])


class ReportMessage(ReportReady):
    """A daily report with one line for each order of the day."""

    reports: list[ReportLine] = Field(description="All lines, one for each order.", examples=[[]])
