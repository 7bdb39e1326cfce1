"""Errors about shipping methods."""

from app.errors.base import NotFound

__all__ = ["ShippingMethodNotFound"]


class ShippingMethodNotFound(NotFound):
    """The shipping method does not exist."""

    code, title = "shipping-method-not-found", "Shipping method not found"
