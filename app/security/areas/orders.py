"""The scopes of orders."""

from app.security.principal import Scope


class OrdersScope(Scope):
    """Scopes of orders."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
