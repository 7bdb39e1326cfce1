"""Shipping methods and their rates."""

from litestar.openapi.spec import Tag

from app.controllers.shipping.shipping_method_controller import ShippingMethodController

CONTROLLERS = (ShippingMethodController,)
TAGS = (Tag("shipping", "Shipping methods: where they ship, and what they cost."),)
