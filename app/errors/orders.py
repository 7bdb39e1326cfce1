"""Errors about orders and their checkout."""

from app.errors.base import Conflict, DomainError, NotFound

__all__ = [
    "AddressIncomplete",
    "CartChanged",
    "CartEmpty",
    "DraftChanged",
    "DraftNotFound",
    "DraftPlaced",
    "IllegalTransition",
    "OrderExists",
    "OrderLineNotFound",
    "OrderNotFound",
    "NothingToReturn",
    "QuantityNotLeft",
    "ReturnNotFound",
    "ReturnWindowOver",
    "ShipmentNotFound",
    "TooManyUnpaidOrders",
]


class OrderNotFound(NotFound):
    """The order does not exist."""

    code, title = "order-not-found", "Order not found"


class OrderLineNotFound(NotFound):
    """The order has no line of this variant."""

    code, title = "order-line-not-found", "Order line not found"


class ShipmentNotFound(NotFound):
    """The shipment does not exist."""

    code, title = "shipment-not-found", "Shipment not found"


class ReturnNotFound(NotFound):
    """The return does not exist."""

    code, title = "return-not-found", "Return not found"


class NothingToReturn(Conflict):
    """More units are requested than were shipped and are not in a return."""

    code, title = "nothing-to-return", "There is not that much to return"


class ReturnWindowOver(Conflict):
    """The time in which an order can be returned has ended."""

    code, title = "return-window-over", "The time for returns is over"


class QuantityNotLeft(Conflict):
    """A line of an order has fewer units left than requested."""

    code, title = "quantity-not-left", "Fewer units are left"


class IllegalTransition(Conflict):
    """An order, its shipment or its return cannot change from its status to the requested one."""

    code, title = "illegal-transition", "This change of the status is not possible"


class OrderExists(Conflict):
    """An order with this id exists."""

    code, title = "order-exists", "The order already exists"


class CartEmpty(Conflict):
    """The cart has no lines that could be ordered."""

    code, title = "cart-empty", "The cart is empty"


class CartChanged(Conflict):
    """The cart has another total than the customer has seen; `total` is the current one."""

    code, title = "cart-changed", "The total has changed"


class DraftNotFound(NotFound):
    """The draft of an order does not exist."""

    code, title = "draft-not-found", "Draft not found"


class DraftPlaced(Conflict):
    """The order of the draft was placed; `order_id` is the order, and the draft is final."""

    code, title = "draft-placed", "The order was placed"


class DraftChanged(Conflict):
    """The draft has another total than was agreed; `total` is the current one."""

    code, title = "draft-changed", "The total has changed"


class AddressIncomplete(Conflict):
    """The cart lacks data for the delivery or for mails about the order; `errors` lists them."""

    code, title = "address-incomplete", "The address is not complete"


class TooManyUnpaidOrders(DomainError):
    """The customer has the maximum number of orders that wait to be paid."""

    code, title, status = "too-many-unpaid-orders", "Too many unpaid orders", 429
