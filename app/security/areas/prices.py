"""The scopes of price lists and promotions."""

from app.security.principal import Scope


class PricesScope(Scope):
    """Scopes of price lists and promotions; the right to read products includes price lists."""

    PRICES_READ = "prices:read"
    PRICES_WRITE = "prices:write"
