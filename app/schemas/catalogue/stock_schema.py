"""The stock of variants: requests and responses."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.models import MovementReason
from app.schemas.base import Schema, unchanged
from app.schemas.catalogue.variant_schema import MAX_QUANTITY, SoldRead
from app.schemas.fields import WHOLE, Integer, Line
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"

Note = Annotated[Line, Field(max_length=200)]


def _not_0(quantity: int) -> int:
    if quantity == 0:
        raise ValueError("must not be 0")
    return quantity


Movement = Annotated[
    int,
    Field(strict=True, ge=-MAX_QUANTITY, le=MAX_QUANTITY),
    AfterValidator(_not_0),
    WHOLE,
]


class StockMovementCreate(Schema):
    """A change of stock other than by an order."""

    quantity: Movement = Field(
        description="The units that arrive (positive) or leave (negative); not 0.",
        examples=[25],
        json_schema_extra={"not": {"const": 0}},
    )
    reason: Literal["supply", "return", "damage", "stocktake"] = Field(
        description="The reason.", examples=["supply"]
    )
    note: Note = unchanged(
        description="The source of the movement, such as a delivery note; by default the caller.",
        examples=["DN-2041"],
    )


class StockMovementRead(SoldRead):
    """One change of a variant's stock."""

    id: UUID = Field(description="The movement's id (UUIDv7).", examples=[_ID])
    quantity: Integer = Field(
        description="The units that arrived (positive) or left (negative).", examples=[25]
    )
    reason: MovementReason = Field(description="The reason.", examples=["supply"])
    source: str = Field(
        max_length=200,
        description="The source, such as an order's id or a delivery note.",
        examples=["DN-2041"],
    )
    created_at: datetime = Field(description="When the stock changed (UTC).", examples=[_MOMENT])


class StockMovementPage(Schema):
    """A page of stock movements, the newest first."""

    items: list[StockMovementRead] = Field(
        max_length=MAX_ITEMS, description="The movements of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class StockMovementQuery(PageQuery):
    """The parameters of a page of stock movements."""

    default_order: ClassVar[str] = "-created_at"
