"""Errors about shipping methods."""

from app.errors.base import Conflict, NotFound

__all__ = ["ShippingMethodNotFound", "ShippingMethodUnfit"]


class ShippingMethodNotFound(NotFound):
    """The shipping method does not exist."""

    code, title = "shipping-method-not-found", "Shipping method not found"


class ShippingMethodUnfit(Conflict):
    """The shipping method is not offered, or does not fit the place or the weight of the order."""

    code, title = "shipping-method-unfit", "The order cannot be shipped like that"
