"""Errors about orders."""

from app.errors.base import Conflict, NotFound

__all__ = ["IllegalTransition", "OrderExists", "OrderNotFound"]


class OrderNotFound(NotFound):
    """The order does not exist."""

    code, title = "order-not-found", "Order not found"


class IllegalTransition(Conflict):
    """An order cannot change from its status to the requested one."""

    code, title = "illegal-transition", "The order cannot change to this status"


class OrderExists(Conflict):
    """An order with this id exists."""

    code, title = "order-exists", "The order already exists"
