"""Errors about price lists."""

from app.errors.base import Conflict, NotFound

__all__ = ["PriceListExists", "PriceListNotFound"]


class PriceListNotFound(NotFound):
    """The price list does not exist."""

    code, title = "price-list-not-found", "Price list not found"


class PriceListExists(Conflict):
    """Another price list has this code."""

    code, title = "price-list-exists", "The code is taken"
