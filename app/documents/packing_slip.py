"""The content of a packing slip, read from the rows of a shipment and its order."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct


class SlipLine(Struct, frozen=True):
    """Units of a line of an order."""

    sku: str
    name: str
    quantity: int


class PackingSlip(Struct, frozen=True, kw_only=True):
    """The content of a shipment; it has no prices, because it is put into the parcel."""

    shop: str
    shop_address: str | None
    number: str
    order_number: int
    packed_on: date
    locale: str | None
    """The language of the customer."""
    address: Mapping[str, Any] | None
    method: str
    """The shipping method; empty without one, like the carrier."""
    carrier: str
    tracking_number: str | None
    lines: tuple[SlipLine, ...]
    notes: tuple[str, ...]
    """The note of the customer at the checkout, and that of staff on the shipment."""
    is_cancelled: bool
