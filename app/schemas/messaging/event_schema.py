"""Messages that leave the shop, as they go out."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field, create_model

from app.models import OrderStatus
from app.schemas.base import Schema
from app.schemas.fields import Natural, Ordinal
from app.schemas.orders.order_schema import Units

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_DAY = "2026-01-31"
_MOMENT = "2026-01-31T12:00:00Z"


class EventEnvelope(Schema):
    """Something that has happened in the shop."""

    id: UUID = Field(
        description="The event's id (UUIDv7), which is the `message_id`, too.", examples=[_ID]
    )
    event: str = Field(description="What has happened.", examples=["order.placed"])
    occurred_at: datetime = Field(description="When it happened (UTC).", examples=[_MOMENT])


class OrderStatusChanged(Schema):
    """A step in the life of an order."""

    order_id: UUID = Field(description="The order.", examples=[_ID])
    number: Ordinal = Field(description="Its short number for people.", examples=[1024])
    from_status: OrderStatus = Field(
        alias="from", description="The status before.", examples=["pending"]
    )
    to_status: OrderStatus = Field(alias="to", description="The status after.", examples=["paid"])
    version: Ordinal = Field(
        description="The order's version after the step; a higher one is later.", examples=[2]
    )


class ProductOutOfStock(Schema):
    """The last piece of a product that has left the stock."""

    product_id: UUID = Field(description="The product.", examples=[_ID])
    sku: str = Field(
        max_length=64, description="The shop's own number for it.", examples=["TEA-EARL-100"]
    )


class ReportReady(Schema):
    """A daily report that is there."""

    report_date: date = Field(description="The day of the shop.", examples=[_DAY])
    reports_count: Natural = Field(description="Orders of that day.", examples=[1])
    created_at: datetime = Field(description="When the report was made (UTC).", examples=[_MOMENT])


class ReportLine(Schema):
    """One order of a daily report."""

    report_id: UUID = Field(description="The line's id (UUIDv7).", examples=[_ID])
    order_id: UUID = Field(description="The order.", examples=[_ID])
    count_product: Units = Field(description="Pieces in all lines of the order.", examples=[2])
    report_at: date = Field(description="The day of the shop.", examples=[_DAY])


class ReportMessage(ReportReady):
    """A daily report with one line for each order of the day."""

    reports: list[ReportLine] = Field(
        description="The lines, however many orders the day had.", examples=[[]]
    )


def envelope_of(event: str, data: type[Schema]) -> type[EventEnvelope]:
    """Return the schema of the whole message of an event."""
    name = "".join(part.capitalize() for part in event.replace(".", "_").split("_"))
    return create_model(
        f"{name}Event",
        __base__=EventEnvelope,
        __doc__=EventEnvelope.__doc__,
        event=(
            str,
            Field(
                description="What has happened.",
                examples=[event],
                json_schema_extra={"const": event},
            ),
        ),
        data=(data, Field(description="What there is to know about it.")),
    )
