"""Rates of tax: requests and responses."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.schemas.base import MemberError, Schema
from app.schemas.days import Day
from app.schemas.fields import Country, Line, TaxClass, Text
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery
from app.schemas.percentages import Percentage, PercentageInput

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_DAY = "2027-01-01"
EXEMPT = "exempt"
"""The tax class of goods that have no tax anywhere."""


class TaxRateCreate(Schema):
    """A new rate of tax, which applies until the next rate of its place and class begins."""

    country: Country = Field(description="The country (ISO 3166-1).", examples=["DE"])
    region: Annotated[Text, Field(max_length=100)] = Field(
        default="",
        description="The region in the form of addresses; empty for the whole country.",
        examples=[""],
    )
    tax_class: TaxClass = Field(
        default="standard", description="The tax class of the goods.", examples=["standard"]
    )
    rate_ppm: PercentageInput = Field(
        alias="rate", description="The rate in percent.", examples=["19"]
    )
    name: Annotated[Line, Field(max_length=100)] = Field(
        description="The name for customers.", examples=["MwSt. 19 %"]
    )
    valid_from: Day = Field(description="The first day, in the shop's time zone.", examples=[_DAY])

    @model_validator(mode="after")
    def _charges_nothing_if_exempt(self) -> Self:
        if self.tax_class == EXEMPT and self.rate_ppm > 0:
            raise MemberError("rate", "must be 0 in the class exempt, which has no tax anywhere")
        return self


class TaxRateRead(Schema):
    """A rate of tax in a response."""

    id: UUID = Field(description="The rate's id (UUIDv7).", examples=[_ID])
    country: str = Field(max_length=2, description="The country (ISO 3166-1).", examples=["DE"])
    region: str = Field(
        max_length=100, description="The region; empty for the whole country.", examples=[""]
    )
    tax_class: str = Field(
        max_length=32, description="The tax class of the goods.", examples=["standard"]
    )
    rate_ppm: Percentage = Field(alias="rate", description="The rate in percent.", examples=["19"])
    name: str = Field(
        max_length=100, description="The name for customers.", examples=["MwSt. 19 %"]
    )
    valid_from: date = Field(description="The first day, in the shop's time zone.", examples=[_DAY])
    created_at: datetime = Field(description="When the rate was added (UTC).", examples=[_MOMENT])


class TaxRatePage(Schema):
    """A page of rates of tax."""

    items: list[TaxRateRead] = Field(
        max_length=MAX_ITEMS, description="The rates of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class TaxRateQuery(PageQuery):
    """The filter of rates of tax."""

    country: Country | None = Field(
        default=None, description="Only rates of this country.", examples=["DE"]
    )
