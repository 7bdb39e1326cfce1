"""Carts."""

from litestar.openapi.spec import Tag

from app.controllers.carts.cart_controller import CartController
from app.controllers.carts.cart_line_controller import CartCodeController, CartLineController

CONTROLLERS = (CartController, CartLineController, CartCodeController)
TAGS = (Tag("carts", "Carts of guests and users: lines, codes and prices."),)
