"""Daily reports, as they go out, and what is asked of them."""

import re
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from app.core.money import format_minor
from app.schemas.base import Schema
from app.schemas.fields import Amount, Integer, Natural, Ordinal
from app.schemas.page_schema import CURSOR_LENGTH, MAX_ITEMS, Cursor, Next, PageQuery
from app.settings import get_settings

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_DAY = "2026-01-31"
_MOMENT = "2026-01-31T12:00:00Z"
_TOTAL = {"orders_count": 1, "units": 2, "amount": "9.98"}
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(9999, 12, 30)
_DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MAX_CHART_DAYS = 400
"""The longest span that a chart can be read of."""


def _like_iso_8601(value: object) -> object:
    # Pydantic also reads seconds since 1970.
    if not isinstance(value, str) or not re.fullmatch(_DAY_PATTERN, value):
        raise ValueError(f"must be a day like {_DAY}")
    return value


def _of_our_time(value: date) -> date:
    if not _FIRST_DAY <= value <= _LAST_DAY:
        raise ValueError(f"must be a day from {_FIRST_DAY} to {_LAST_DAY}")
    return value


Day = Annotated[
    date,
    BeforeValidator(_like_iso_8601),
    AfterValidator(_of_our_time),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY_PATTERN}),
]
"""A day as ISO 8601 writes it, and in no other way."""

SignedAmount = Annotated[
    int,
    PlainSerializer(
        lambda minor: format_minor(minor, get_settings().shop_currency), return_type=str
    ),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "maxLength": 21}),
]
"""An amount of either sign that goes out as a decimal string; minor units inside."""


class ReportOrder(Schema):
    """The day whose report is to be made."""

    day: Day = Field(description="A day of the shop that is over.", examples=[_DAY])


class Total(Schema):
    """Some orders, added up."""

    orders_count: Natural = Field(description="Orders.", examples=[1])
    units: Natural = Field(description="Pieces in all lines.", examples=[2])
    amount_minor: Amount = Field(
        alias="amount", description="The sum of their totals.", examples=["9.98"]
    )


class HourRead(Total):
    """What was placed in an hour."""

    hour: int = Field(
        ge=0,
        le=23,
        description="As local clocks show it; one that comes twice has both.",
        examples=[9],
    )


class ReportSummary(Schema):
    """The report of a day."""

    id: UUID = Field(description="The report's id (UUIDv7).", examples=[_ID])
    day: date = Field(description="The day of the shop.", examples=[_DAY])
    timezone: str = Field(
        max_length=64, description="The zone whose day it is.", examples=["Europe/Berlin"]
    )
    starts_at: datetime = Field(description="Its first moment (UTC).", examples=[_MOMENT])
    ends_at: datetime = Field(description="The first moment after it (UTC).", examples=[_MOMENT])
    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["USD"]
    )
    placed: Total = Field(
        description="The orders that were placed on the day, whatever became of them later.",
        examples=[_TOTAL],
    )
    cancelled: Total = Field(
        description="The orders that were cancelled on the day, whenever they were placed.",
        examples=[_TOTAL],
    )
    corrections: Total = Field(
        description="Those of the cancelled that were placed on an earlier day, whose report "
        "still has them as placed.",
        examples=[_TOTAL],
    )
    net_units: Integer = Field(description="Pieces placed less pieces cancelled.", examples=[2])
    net_minor: SignedAmount = Field(
        alias="net", description="The amount placed less the amount cancelled.", examples=["9.98"]
    )
    first_order_at: datetime | None = Field(
        description="When the first order was placed (UTC).", examples=[_MOMENT]
    )
    last_order_at: datetime | None = Field(
        description="When the last order was placed (UTC).", examples=[_MOMENT]
    )
    digest: str = Field(
        pattern="^[0-9a-f]{64}$",
        max_length=64,
        description="SHA-256 of all that the report says: the same books make the same one.",
        examples=["2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"],
    )
    created_at: datetime = Field(description="When it was first made (UTC).", examples=[_MOMENT])
    updated_at: datetime = Field(
        description="When it was last made anew (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(
        description="Rises when the day is made again and its books have changed, as by an import.",
        examples=[1],
    )


class ReportLineRead(Schema):
    """One order of the day."""

    report_id: UUID = Field(description="The line's id (UUIDv7).", examples=[_ID])
    order_id: UUID = Field(description="The order.", examples=[_ID])
    order_number: Ordinal = Field(description="Its number for people.", examples=[1024])
    placed_at: datetime = Field(description="When it was placed (UTC).", examples=[_MOMENT])
    count_product: Natural = Field(description="Pieces in all its lines.", examples=[2])
    total_minor: Amount = Field(alias="total", description="Its total.", examples=["9.98"])


class ReportProductRead(Schema):
    """What was sold and cancelled of one product."""

    product_id: UUID = Field(description="The product.", examples=[_ID])
    sku: str = Field(max_length=64, description="Its SKU at purchase.", examples=["TEA-EARL-100"])
    name: str = Field(
        max_length=200, description="Its name at purchase.", examples=["Earl Grey, 100 g"]
    )
    units: Natural = Field(description="Pieces placed.", examples=[2])
    gross_minor: Amount = Field(alias="gross", description="Their amount.", examples=["9.98"])
    cancelled_units: Natural = Field(description="Pieces cancelled.", examples=[0])
    cancelled_minor: Amount = Field(
        alias="cancelled", description="Their amount.", examples=["0.00"]
    )


class ReportRead(ReportSummary):
    """The report of a day, by hour and by product, with a page of its lines."""

    by_hour: list[HourRead] = Field(
        max_length=24, description="What was placed in each hour that had an order.", examples=[[]]
    )
    by_product: list[ReportProductRead] = Field(
        max_length=MAX_ITEMS,
        description="The products that sold best; all of them are at `/products` of the day.",
        examples=[[]],
    )
    items: list[ReportLineRead] = Field(
        max_length=MAX_ITEMS, description="The lines of this page, one an order.", examples=[[]]
    )
    next: Next = Field(description="The cursor of the next page, if there is one.", examples=[None])


class ReportPage(Schema):
    """A page of reports, the newest first."""

    items: list[ReportSummary] = Field(
        max_length=MAX_ITEMS, description="The reports of this page.", examples=[[]]
    )
    next: Next = Field(description="The cursor of the next page, if there is one.", examples=[None])


class ReportProductPage(Schema):
    """A page of the products of a day, the best sold first."""

    items: list[ReportProductRead] = Field(
        max_length=MAX_ITEMS, description="The products of this page.", examples=[[]]
    )
    next: Next = Field(description="The cursor of the next page, if there is one.", examples=[None])


class _Period(Schema):
    """The days from one to another."""

    from_day: Day | None = Field(
        default=None, alias="from", description="Only this day and later ones.", examples=[_DAY]
    )
    to_day: Day | None = Field(
        default=None,
        alias="to",
        description="Only this day and earlier ones; not before `from`.",
        examples=["2026-02-28"],
    )

    @field_validator("to_day")
    @classmethod
    def _ends_after_it_begins(cls, to_day: date | None, info: ValidationInfo) -> date | None:
        from_day = info.data.get("from_day")
        if from_day and to_day and from_day > to_day:
            raise ValueError("must not be before from")
        return to_day


def _cursor(order: str, value: str | int) -> Any:
    """Declare the cursor of a list, with an example of its own order."""
    return Field(
        default=None,
        max_length=CURSOR_LENGTH,
        description="`next` of the page before; absent for the first page.",
        examples=[Cursor(order=order, value=value, id=UUID(_ID)).encode()],
    )


class ReportQuery(PageQuery, _Period):
    """Which reports are asked for."""

    default_order: ClassVar[str] = "-starts_at"

    cursor: str | None = _cursor("-starts_at", "2026-01-31T00:00:00+00:00")


class ReportLineQuery(PageQuery):
    """Which lines of a report are asked for."""

    default_order: ClassVar[str] = "placed_at"

    cursor: str | None = _cursor("placed_at", "2026-01-31T12:00:00+00:00")


class ReportProductQuery(PageQuery):
    """Which products of a report are asked for."""

    default_order: ClassVar[str] = "-gross"

    cursor: str | None = _cursor("-gross", 998)


class ChartQuery(_Period):
    """Which days a chart shows: the last 30 that are over, if none are named; 400 at most."""
