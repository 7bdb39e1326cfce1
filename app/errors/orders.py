"""Refusals about orders."""

from app.errors.base import Conflict, NotFound

__all__ = ["IllegalTransition", "OrderExists", "OrderNotFound"]


class OrderNotFound(NotFound):
    """There is no such order."""

    code, title = "order-not-found", "Order not found"


class IllegalTransition(Conflict):
    """An order in this status cannot move to that one."""

    code, title = "illegal-transition", "The order cannot change to this status"


class OrderExists(Conflict):
    """There is an order with this id."""

    code, title = "order-exists", "The order is there already"
