"""A paid order with its shipments, as rows of tables and of the matrix of access."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.models import (
    Base,
    Order,
    OrderChange,
    OrderItem,
    OrderStatus,
    Shipment,
    ShipmentLine,
    ShipmentStatus,
)
from tests.test_security.people import Row

PAID_ORDER = UUID("0199a1b2-7c00-7d00-8e00-0000000000d1")
SENT_SHIPMENT = UUID("0199a1b2-7c00-7d00-8e00-0000000000d2")
PACKED_SHIPMENT = UUID("0199a1b2-7c00-7d00-8e00-0000000000d3")
IDS = {"paid_order_id": str(PAID_ORDER), "sent_id": str(SENT_SHIPMENT)} | {
    "shipment_id": str(PACKED_SHIPMENT)
}
TEMPLATES = {"{paid_order_id}": "{order_id}", "{sent_id}": "{shipment_id}"}
"""What stands in the paths of the matrix, and what the route table has in these places."""

_ORDER = "/api/v1/orders/{order_id}"
_PAID = "/api/v1/orders/{paid_order_id}"
_SHIPMENT = "/api/v1/shipments/{shipment_id}"
_CART = "/api/v1/carts/{ordered_cart_id}/order"
_OWN, _STAFF = "401 | 404 200 200 200 403 200", "401 | 403 403 200 200 403 200"
_GUEST = "200/401 | 200 200 200 200 200 200"
_OF_GUEST = {"headers": {"Cart-Token": "{cart_token}"}}
_NEW_BY_STAFF = "401 | 403 403 201 201 403 201"
MATRIX: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("GET", f"{_CART}/shipments", _GUEST, _OF_GUEST),
    ("GET", f"{_ORDER}/shipments", _OWN, {}),
    ("POST", f"{_PAID}/shipments", _NEW_BY_STAFF, {"json": {}}),
    ("GET", _SHIPMENT, _OWN, {}),
    ("PATCH", _SHIPMENT, _STAFF, {"json": {"note": "Late."}}),
    ("POST", f"{_SHIPMENT}/ship", _STAFF, {}),
    ("POST", "/api/v1/shipments/{sent_id}/deliver", _STAFF, {}),
    ("POST", f"{_SHIPMENT}/cancel", _STAFF, {}),
)


def fulfilled_rows(user_id: UUID, variant_id: UUID, now: datetime) -> list[tuple[type[Base], Row]]:
    """Return a paid order of three units: one is shipped, one is packed, and one is left."""
    times = {"created_at": now, "updated_at": now}
    order = {
        "id": PAID_ORDER,
        "number": 1_000_001,
        "user_id": user_id,
        "status": OrderStatus.PAID,
        "delivery_address": None,
        "units": 3,
        "total_minor": 3 * 499,
        "currency": "USD",
    }
    item = {
        "order_id": PAID_ORDER,
        "position": 1,
        "variant_id": variant_id,
        "sku": "TEA",
        "name": "Tea",
        "unit_price_minor": 499,
        "quantity": 3,
        "shipped_quantity": 2,
    }
    step = {"order_id": PAID_ORDER, "position": 1, "to_status": OrderStatus.PAID}
    step |= {"from_status": None, "actor": f"user {user_id}", "changed_at": now}
    shipment = {"order_id": PAID_ORDER, "carrier": "", "note": ""} | times
    packed = shipment | {"id": PACKED_SHIPMENT, "seq": 2, "number": "1000001-2", "shipped_at": None}
    sent = shipment | {"id": SENT_SHIPMENT, "seq": 1, "number": "1000001-1", "shipped_at": now}
    return [
        (Order, order | times),
        (OrderItem, item),
        (OrderChange, step),
        (Shipment, sent | {"status": ShipmentStatus.SHIPPED}),
        (Shipment, packed | {"status": ShipmentStatus.PACKED}),
        *(
            (ShipmentLine, {"shipment_id": each, "position": 1, "quantity": 1})
            for each in (SENT_SHIPMENT, PACKED_SHIPMENT)
        ),
    ]
