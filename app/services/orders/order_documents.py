"""The document of an order that was just placed, built without reading the order again."""

from typing import Any

from app.schemas.orders.order_schema import (
    DeliveryAddress,
    OrderChangeRead,
    OrderDiscountRead,
    OrderItemRead,
    OrderRead,
    OrderShippingRead,
)
from app.schemas.taxes.tax_amounts import TaxAtRate
from app.tables.orders import NewOrder


def placed_document(order: NewOrder, number: int) -> OrderRead:
    """Return the document of an order that was just placed."""
    (step,) = order.steps
    return OrderRead(
        id=order.id,
        number=number,
        user_id=order.user_id,
        status=step.to_status,
        units=order.units,
        discount_minor=order.discount_minor,
        shipping_minor=order.shipping.total_minor,
        tax_minor=order.tax_minor,
        total_minor=order.total_minor,
        prices_include_tax=order.prices_include_tax,
        currency=order.currency,
        created_at=order.created_at,
        updated_at=order.created_at,
        version=1,
        delivery_address=(
            None if order.delivery_address is None else DeliveryAddress(**order.delivery_address)
        ),
        items=[OrderItemRead.model_validate(line) for line in order.lines],
        shipping_method=(
            None
            if order.shipping.method is None
            else OrderShippingRead.model_validate(order.shipping.method)
        ),
        taxes=[TaxAtRate.model_validate(each) for each in order.taxes],
        adjustments=[OrderDiscountRead.model_validate(each) for each in order.adjustments],
        **_contact(order),
        history=[
            OrderChangeRead(
                from_status=None,
                to_status=step.to_status,
                actor=order.actor,
                changed_at=step.changed_at,
            )
        ],
    )


def _contact(order: NewOrder) -> dict[str, Any]:
    contact = order.contact
    if contact is None:
        return {}
    billing = contact.billing_address
    return {
        "email": contact.email,
        "billing_address": None if billing is None else DeliveryAddress(**billing),
        "vat_number": contact.vat_number,
        "note": contact.note,
        "locale": contact.locale,
        "pay_by": contact.pay_by,
    }
