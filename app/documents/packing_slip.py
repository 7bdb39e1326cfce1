"""What a packing slip shows, read from the rows of a shipment and its order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class SlipLine:
    """Units of a line of an order."""

    sku: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackingSlip:
    """A shipment as it is packed; without prices, since it lies in the parcel."""

    shop: str
    shop_address: str | None
    number: str
    order_number: int
    packed_on: date
    locale: str | None
    """The language of the customer."""
    address: Mapping[str, Any] | None
    method: str
    """The shipping method; empty without one, as is the carrier."""
    carrier: str
    tracking_number: str | None
    lines: tuple[SlipLine, ...]
    notes: tuple[str, ...]
    """What the customer wrote at the checkout, and what staff wrote on the shipment."""
    is_cancelled: bool
