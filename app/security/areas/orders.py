"""The scopes of orders."""

from app.security.principal import Scope


class OrdersScope(Scope):
    """Scopes of orders."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"


SEEN_BY = {"order": OrdersScope.ORDERS_READ, "order_update": OrdersScope.ORDERS_READ}
"""The scopes that may see the commands of queues, and their results."""
