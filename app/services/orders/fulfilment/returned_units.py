"""The units of an order that can be returned, the deadline, and the units that have arrived."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.core.order_statuses import OPEN_RETURNS, FulfilmentStatus, OrderStatus, ShipmentStatus
from app.errors import InvalidInput, NothingToReturn, ReturnWindowOver
from app.models import Order, Return
from app.schemas.orders.return_schema import LineReceived
from app.services.orders.cancelled_lines import line_of

_SENT = (ShipmentStatus.SHIPPED, ShipmentStatus.DELIVERED)
_GONE = (FulfilmentStatus.SHIPPED, FulfilmentStatus.DELIVERED)


def returnable_pieces(
    order: Order, returns: Sequence[Return], wanted: Mapping[UUID, int]
) -> dict[int, int]:
    """Return the requested units of each line.

    Raises:
        OrderLineNotFound: there is no line of a variant.
        NothingToReturn: fewer units were shipped and are not in a return.
    """
    left = shipped_units(order)
    for each in returns:
        for line in each.lines if each.status in OPEN_RETURNS else ():
            left[line.position] -= line.quantity
    pieces = {}
    for variant_id, quantity in wanted.items():
        item = line_of(order, variant_id)
        if quantity > left[item.position]:
            raise NothingToReturn(
                f"{left[item.position]} units of {item.name} can be returned",
                order_id=str(order.id),
                id=str(variant_id),
                left=left[item.position],
            )
        pieces[item.position] = quantity
    return pieces


def require_in_time(order: Order, window: timedelta, now: datetime) -> None:
    """Require that the window after the last delivery, or shipping, has not ended.

    Raises:
        ReturnWindowOver: the window has ended.
    """
    moments = [
        each.delivered_at or each.shipped_at for each in order.shipments if each.status in _SENT
    ]
    moments += [
        each.changed_at
        for each in order.history
        if each.to_status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED)
    ]
    ended_at = max(each for each in moments if each is not None) + window
    if now >= ended_at:
        raise ReturnWindowOver(
            f"the order could be returned until {ended_at.isoformat()}",
            order_id=str(order.id),
            ended_at=ended_at.isoformat(),
        )


def count_as_shipped(order: Order, at: datetime) -> None:
    """Count all units as shipped in an order that was shipped before shipments existed."""
    if order.fulfilment_status in _GONE and not any(each.shipped_quantity for each in order.items):
        for item in order.items:
            item.shipped_quantity = item.left_quantity
        order.touch(at)


def shipped_units(order: Order) -> dict[int, int]:
    """Return the units of each line that were shipped and have not come back."""
    packed = {each.position: 0 for each in order.items}
    for shipment in order.shipments:
        for line in shipment.lines if shipment.status is ShipmentStatus.PACKED else ():
            packed[line.position] += line.quantity
    return {
        each.position: each.shipped_quantity - packed[each.position] - each.returned_quantity
        for each in order.items
    }


def arrived_units(
    order: Order, asked: Return, given: Sequence[LineReceived] | None
) -> dict[int, LineReceived]:
    """Return the units of each line of a return that have arrived.

    Raises:
        InvalidInput: the error names each wrong line.
    """
    variants = {each.position: each.variant_id for each in order.items}
    if given is None:
        return {
            line.position: LineReceived(variant_id=variants[line.position], quantity=line.quantity)
            for line in asked.lines
        }
    lines = {variants[line.position]: line for line in asked.lines}
    arrived: dict[int, LineReceived] = {}
    reasons = []
    for place, each in enumerate(given):
        line = lines.get(each.variant_id)
        if line is None or line.position in arrived:
            why = "is not in the return" if line is None else "must be given once"
            reasons.append((f"#/lines/{place}/variant_id", why))
        elif each.quantity > line.quantity:
            reasons.append((f"#/lines/{place}/quantity", f"must be at most {line.quantity}"))
        else:
            arrived[line.position] = each
    if reasons:
        raise InvalidInput.in_body(*reasons)
    return arrived
