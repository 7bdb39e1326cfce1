"""Orders and their placement."""

from litestar.openapi.spec import Tag

from app.controllers.orders.order_controller import OrderController

CONTROLLERS = (OrderController,)
TAGS = (Tag("orders", "Orders of users."),)
