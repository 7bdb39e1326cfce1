"""The scopes and audit events of products."""

from app.security.audited import Audited
from app.security.principal import Scope


class CatalogueScope(Scope):
    """Scopes of products and their stock."""

    PRODUCTS_READ = "products:read"
    PRODUCTS_WRITE = "products:write"


SEEN_BY = {
    "product": CatalogueScope.PRODUCTS_READ,
    "product_bulk": CatalogueScope.PRODUCTS_READ,
    "product_update": CatalogueScope.PRODUCTS_READ,
}
"""The scopes that may see the commands of queues, and their results."""


class CatalogueAudited(Audited):
    """Events of products."""

    PRICE_CHANGED = "price.changed"
