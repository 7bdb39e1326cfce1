"""The scope of price lists."""

from app.security.principal import Scope


class PricesScope(Scope):
    """The scope of changes of price lists; who may read products may read them."""

    PRICES_WRITE = "prices:write"
