"""A paid order with its shipments and returns, as rows of tables and of the matrix of access."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.order_statuses import ReturnReason
from app.models import (
    Base,
    Order,
    OrderChange,
    OrderItem,
    OrderStatus,
    Return,
    ReturnLine,
    ReturnStatus,
    Shipment,
    ShipmentLine,
    ShipmentStatus,
)
from tests.test_security.people import Row

PAID_ORDER = UUID("0199a1b2-7c00-7d00-8e00-0000000000d1")
SENT_SHIPMENT = UUID("0199a1b2-7c00-7d00-8e00-0000000000d2")
PACKED_SHIPMENT = UUID("0199a1b2-7c00-7d00-8e00-0000000000d3")
RETURNED_CART = UUID("0199a1b2-7c00-7d00-8e00-0000000000d4")
RETURNS = {
    "return_id": UUID("0199a1b2-7c00-7d00-8e00-0000000000d5"),
    "approved_id": UUID("0199a1b2-7c00-7d00-8e00-0000000000d6"),
    "received_id": UUID("0199a1b2-7c00-7d00-8e00-0000000000d7"),
}
IDS = {"paid_order_id": str(PAID_ORDER), "sent_id": str(SENT_SHIPMENT)} | {
    "shipment_id": str(PACKED_SHIPMENT),
    "returned_cart_id": str(RETURNED_CART),
    **{name: str(each) for name, each in RETURNS.items()},
}
TEMPLATES = {"{paid_order_id}": "{order_id}", "{sent_id}": "{shipment_id}"} | {
    "{returned_cart_id}": "{cart_id}",
    "{approved_id}": "{return_id}",
    "{received_id}": "{return_id}",
}
"""The placeholders in paths of the matrix, and the parameters of the route table."""

_ORDER = "/api/v1/orders/{order_id}"
_PAID = "/api/v1/orders/{paid_order_id}"
_SHIPMENT = "/api/v1/shipments/{shipment_id}"
_CART = "/api/v1/carts/{ordered_cart_id}/order"
_RETURN = "/api/v1/returns/{return_id}"
_RETURNED = "/api/v1/carts/{returned_cart_id}/order/returns"
_UNWANTED = {"lines": [{"variant_id": "{shirt_id}", "quantity": 1}], "reason": "changed_mind"}
_OWN, _STAFF = "401 | 404 200 200 200 403 200", "401 | 403 403 200 200 403 200"
_GUEST = "200/401 | 200 200 200 200 200 200"
_OF_GUEST = {"headers": {"Cart-Token": "{cart_token}"}}
_NEW_BY_STAFF = "401 | 403 403 201 201 403 201"
MATRIX: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("GET", f"{_CART}/shipments", _GUEST, _OF_GUEST),
    ("GET", f"{_ORDER}/shipments", _OWN, {}),
    ("POST", f"{_PAID}/shipments", _NEW_BY_STAFF, {"json": {}}),
    ("GET", _SHIPMENT, _OWN, {}),
    ("GET", f"{_SHIPMENT}/packing-slip", _STAFF, {}),
    ("GET", f"/api/v1/shipments/packing-slips?id={PACKED_SHIPMENT}", _STAFF, {}),
    ("PATCH", _SHIPMENT, _STAFF, {"json": {"note": "Late."}}),
    ("POST", f"{_SHIPMENT}/ship", _STAFF, {}),
    ("POST", "/api/v1/shipments/{sent_id}/deliver", _STAFF, {}),
    ("POST", f"{_SHIPMENT}/cancel", _STAFF, {}),
    ("GET", _RETURNED, _GUEST, _OF_GUEST),
    ("POST", _RETURNED, _GUEST.replace("200", "201"), {"json": _UNWANTED} | _OF_GUEST),
    ("GET", f"{_ORDER}/returns", _OWN, {}),
    ("POST", f"{_PAID}/returns", _OWN.replace("200", "201"), {"json": _UNWANTED}),
    ("GET", _RETURN, _OWN, {}),
    ("POST", f"{_RETURN}/approve", _STAFF, {"json": {"answer": "Send it."}}),
    ("POST", f"{_RETURN}/reject", _STAFF, {"json": {"answer": "No."}}),
    ("POST", "/api/v1/returns/{approved_id}/receive", _STAFF, {"json": {}}),
    ("POST", "/api/v1/returns/{received_id}/close", _STAFF, {}),
    ("POST", f"{_RETURN}/cancel", _OWN, {}),
)


def fulfilled_rows(user_id: UUID, variant_id: UUID, now: datetime) -> list[tuple[type[Base], Row]]:
    """Return a paid order of nine units: five are shipped, one is packed, and one is returned."""
    times = {"created_at": now, "updated_at": now}
    order = {
        "id": PAID_ORDER,
        "number": 1_000_001,
        "user_id": user_id,
        "status": OrderStatus.PAID,
        "delivery_address": None,
        "units": 9,
        "total_minor": 9 * 499,
        "currency": "USD",
    }
    item = {
        "order_id": PAID_ORDER,
        "position": 1,
        "variant_id": variant_id,
        "sku": "TEA",
        "name": "Tea",
        "unit_price_minor": 499,
        "quantity": 9,
        "shipped_quantity": 6,
        "returned_quantity": 1,
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
        (ShipmentLine, {"shipment_id": SENT_SHIPMENT, "position": 1, "quantity": 5}),
        (ShipmentLine, {"shipment_id": PACKED_SHIPMENT, "position": 1, "quantity": 1}),
        *_returns(now),
    ]


def _returns(now: datetime) -> Iterator[tuple[type[Base], Row]]:
    statuses = (ReturnStatus.REQUESTED, ReturnStatus.APPROVED, ReturnStatus.RECEIVED)
    shared = {"order_id": PAID_ORDER, "reason": ReturnReason.OTHER, "customer_note": ""}
    shared |= {"answer": "", "created_at": now, "updated_at": now}
    for seq, (return_id, status) in enumerate(zip(RETURNS.values(), statuses), start=1):
        own = {"id": return_id, "seq": seq, "number": f"1000001-R{seq}", "status": status}
        yield Return, shared | own
        back = int(status is ReturnStatus.RECEIVED)
        line = {"return_id": return_id, "position": 1, "quantity": 1, "received_quantity": back}
        yield ReturnLine, line | {"restocked_quantity": 0, "returned_before": 0 if back else None}
