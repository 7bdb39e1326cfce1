"""Shipments of orders: requests and responses."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from app.core.limits import MAX_LINES
from app.core.order_statuses import ShipmentStatus
from app.schemas.base import Change, Schema, omitted, unchanged
from app.schemas.fields import Line, LineOrNothing, Ordinal, Prose
from app.schemas.orders.cancellation_schema import OrderedUnits, Units
from app.schemas.orders.order_schema import BoughtRead
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery, cursor_like

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_CURSOR = "WyJzZXEiLDEsIjAxOTlhMWIyN2MwMDdkMDA4ZTAwMDEyMzQ1Njc4OWFiIl0"
_NUMBER = "00340434161094042557"
MAX_NOTE = 2_000
MAX_URL = 3_000
MAX_SLIPS = 50

Carrier = Annotated[LineOrNothing, Field(max_length=100)]
TrackingNumber = Annotated[Line, Field(max_length=100)]
Note = Annotated[Prose, Field(max_length=MAX_NOTE)]

_CARRIER = "The carrier."
_TRACKING_NUMBER = "The number of the shipment at the carrier."
_NOTE = "A note, which the customer can read."


class LineUnits(Schema):
    """Units of a line of an order."""

    variant_id: UUID = Field(description="The variant of the line.", examples=[_ID])
    quantity: OrderedUnits = Field(description="The number of units.", examples=[1])


_EXAMPLE_LINES: list[Any] = [{"variant_id": _ID, "quantity": 1}]


class ShipmentCreate(Schema):
    """A new shipment of an order."""

    lines: list[LineUnits] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_LINES,
        description="The units of the shipment, by default all that are neither shipped nor "
        "cancelled; those of the same variant are added up.",
        examples=[_EXAMPLE_LINES],
    )
    carrier: Carrier | None = Field(
        default=None,
        description=f"{_CARRIER} By default that of the shipping method of the order.",
        examples=["DHL"],
    )
    tracking_number: TrackingNumber | None = Field(
        default=None, description=_TRACKING_NUMBER, examples=[_NUMBER]
    )
    note: Note = Field(default="", description=_NOTE, examples=[""])

    def pieces(self) -> dict[UUID, int] | None:
        """Return the number of units of each variant, or None for all that are left."""
        return None if self.lines is None else added_up(self.lines)


def added_up(lines: list[LineUnits]) -> dict[UUID, int]:
    """Return the number of units of each variant in lines."""
    sums: dict[UUID, int] = {}
    for line in lines:
        sums[line.variant_id] = sums.get(line.variant_id, 0) + line.quantity
    return sums


class ShipmentChange(Change):
    """A change of the carrier, the tracking number or the note of a shipment."""

    carrier: Carrier = unchanged(description=_CARRIER, examples=["DHL"])
    tracking_number: TrackingNumber | None = unchanged(
        description=_TRACKING_NUMBER, examples=[_NUMBER]
    )
    note: Note = unchanged(description=_NOTE, examples=["The second of two parcels."])


class ShipmentLineRead(BoughtRead):
    """Units of a line of an order in a shipment."""

    position: Ordinal = Field(description="The line of the order, from 1.", examples=[1])
    quantity: Units = Field(description="The number of units.", examples=[1])


class ShipmentRead(Schema):
    """A shipment in a response."""

    id: UUID = Field(description="The shipment's id (UUIDv7).", examples=[_ID])
    order_id: UUID = Field(description="The order.", examples=[_ID])
    number: str = Field(
        max_length=40,
        description="The number for people: that of the order, and the position in it.",
        examples=["1024-1"],
    )
    status: ShipmentStatus = Field(description="The status of the shipment.", examples=["packed"])
    lines: list[ShipmentLineRead] = Field(
        max_length=MAX_LINES, description="The units of the shipment.", examples=[[]]
    )
    carrier: str = Field(max_length=100, description=_CARRIER, examples=["DHL"])
    tracking_number: str | None = omitted(
        max_length=100, description=_TRACKING_NUMBER, examples=[_NUMBER]
    )
    tracking_url: str | None = omitted(
        max_length=MAX_URL,
        description="The address at which the carrier tracks the shipment.",
        examples=[f"https://www.example.com/track/{_NUMBER}"],
    )
    note: str = omitted("", max_length=MAX_NOTE, description=_NOTE, examples=["Two parcels."])
    created_at: datetime = Field(
        description="When the shipment was packed (UTC).", examples=[_MOMENT]
    )
    shipped_at: datetime | None = omitted(
        description="When the shipment was shipped (UTC).", examples=[_MOMENT]
    )
    delivered_at: datetime | None = omitted(
        description="When the shipment was delivered (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the shipment last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])


class ShipmentPage(Schema):
    """A page of the shipments of an order."""

    items: list[ShipmentRead] = Field(
        max_length=MAX_ITEMS, description="The shipments of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class PackingSlipQuery(Schema):
    """The shipments whose packing slips are requested."""

    repeated: ClassVar[frozenset[str]] = frozenset({"id"})

    id: list[UUID] = Field(
        min_length=1,
        max_length=MAX_SLIPS,
        description="The shipments, in the order of the slips; the parameter is repeated for each.",
        examples=[[_ID]],
    )


class ShipmentQuery(PageQuery):
    """The parameters of a page of the shipments of an order, the first one first."""

    cursor: str | None = cursor_like(_CURSOR)

    default_order: ClassVar[str] = "seq"
