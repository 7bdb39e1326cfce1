"""Shipping methods and their rates."""

from litestar.openapi.spec import Tag

from app.controllers.shipping.shipping_method_controller import ShippingMethodController

CONTROLLERS = (ShippingMethodController,)
TAGS = (Tag("shipping", "Shipping methods: their destinations and their prices."),)
