"""Units of a line of an order that are cancelled without the rest of the order."""

from datetime import datetime
from uuid import UUID

from app.errors import IllegalTransition, OrderLineNotFound, QuantityNotLeft
from app.models import TRANSITIONS, Order, OrderCancellation, OrderItem, OrderStatus
from app.pricing.arithmetic import of_pieces


def pieces_left(order: Order, variant_id: UUID, quantity: int | None) -> tuple[OrderItem, int]:
    """Return a line of an order, and the number of requested units, by default all units left.

    Units in shipments do not count as left, even if they are only packed.

    Raises:
        OrderLineNotFound: the order has no such line.
        QuantityNotLeft: the line has fewer units left.
    """
    item = line_of(order, variant_id)
    pieces = item.unpacked_quantity if quantity is None else quantity
    if not 0 < pieces <= item.unpacked_quantity:
        raise QuantityNotLeft(
            f"{item.unpacked_quantity} units of {item.name} are left",
            order_id=str(order.id),
            id=str(variant_id),
            left=item.unpacked_quantity,
        )
    return item, pieces


def line_of(order: Order, variant_id: UUID) -> OrderItem:
    """Return the line of a variant.

    Raises:
        OrderLineNotFound: the order has no line of the variant.
    """
    lines = {each.variant_id: each for each in order.items}
    if (item := lines.get(variant_id)) is None:
        raise OrderLineNotFound(
            f"the order has no line of {variant_id}", order_id=str(order.id), id=str(variant_id)
        )
    return item


def cancel_pieces(
    order: Order, item: OrderItem, pieces: int, actor: str, at: datetime
) -> OrderCancellation:
    """Cancel units of a line: each takes its own share of the line's amounts with it."""
    first, last = item.cancelled_quantity + 1, item.cancelled_quantity + pieces
    cancelled = OrderCancellation(
        seq=len(order.cancellations) + 1,
        position=item.position,
        quantity=pieces,
        amount_minor=of_pieces(to_pay_for(order, item), item.quantity, first, last),
        discount_minor=of_pieces(item.discount_minor, item.quantity, first, last),
        tax_minor=of_pieces(item.tax_minor, item.quantity, first, last),
        actor=actor,
        cancelled_at=at,
    )
    order.cancellations.append(cancelled)
    item.cancelled_quantity = last
    order.cancelled_minor += cancelled.amount_minor
    order.touch(at)
    return cancelled


def to_pay_for(order: Order, item: OrderItem) -> int:
    """Return the amount to be paid for all units of a line, with its tax."""
    amount = item.unit_price_minor * item.quantity - item.discount_minor
    return amount if order.prices_include_tax else amount + item.tax_minor


def require_nothing_packed(order: Order) -> None:
    """Require that no units of an order are in shipments.

    Raises:
        IllegalTransition: some units are, so that the order cannot be cancelled as a whole.
    """
    if any(item.shipped_quantity for item in order.items):
        raise IllegalTransition(
            "an order of which something is packed or shipped cannot become cancelled",
            order_id=str(order.id),
            from_status=order.status,
            to_status=OrderStatus.CANCELLED,
            allowed=sorted(TRANSITIONS[order.status] - {OrderStatus.CANCELLED}),
        )
