"""Errors about price lists."""

from app.errors.base import Conflict, NotFound

__all__ = ["DefaultPriceList", "PriceListExists", "PriceListNotFound"]


class PriceListNotFound(NotFound):
    """The price list does not exist."""

    code, title = "price-list-not-found", "Price list not found"


class PriceListExists(Conflict):
    """Another price list has this code."""

    code, title = "price-list-exists", "The code is taken"


class DefaultPriceList(Conflict):
    """The price list has the ordinary prices of a currency, which always count."""

    code, title = "default-price-list", "The prices of this list always count"
