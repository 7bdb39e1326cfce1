"""The documents of returns, with the amounts that were paid for their units."""

from app.models import Order, OrderItem, Return, ReturnLine, ReturnStatus
from app.pricing.arithmetic import of_pieces
from app.schemas.orders.return_schema import ReturnLineRead, ReturnRead
from app.services.orders.cancelled_lines import to_pay_for
from app.services.orders.fulfilment.parcels import bought

_COMPUTED = {"lines", "refund_minor", "refund_tax_minor", "currency"}
_FIELDS = tuple(name for name in dict(ReturnRead.model_fields) if name not in _COMPUTED)


def return_document(asked: Return, order: Order) -> ReturnRead:
    """Return the document of a return of an order."""
    items = {each.position: each for each in order.items}
    is_over = asked.status in (ReturnStatus.REJECTED, ReturnStatus.CANCELLED)
    lines = [_line(line, order, items[line.position], is_over) for line in asked.lines]
    return ReturnRead(
        **{name: getattr(asked, name) for name in _FIELDS},
        lines=lines,
        refund_minor=sum(each.refund_minor for each in lines),
        refund_tax_minor=sum(each.refund_tax_minor for each in lines),
        currency=order.currency,
    )


def _line(line: ReturnLine, order: Order, item: OrderItem, is_over: bool) -> ReturnLineRead:
    before = line.returned_before
    asked_for = 0 if is_over else line.quantity
    pieces = asked_for if before is None else line.received_quantity
    # Cancelled pieces are the first ones of a line and returned ones the last, so that no piece is
    # counted twice.
    last = item.quantity - (item.returned_quantity if before is None else before)
    first = last - pieces + 1
    return ReturnLineRead(
        **bought(item),
        quantity=line.quantity,
        received_quantity=line.received_quantity,
        restocked_quantity=line.restocked_quantity,
        condition=line.condition,
        refund_minor=of_pieces(to_pay_for(order, item), item.quantity, first, last),
        refund_tax_minor=of_pieces(item.tax_minor, item.quantity, first, last),
    )
