"""Orders and their placement."""

from litestar.openapi.spec import Tag

from app.controllers.orders.checkout_controller import CheckoutController
from app.controllers.orders.draft_controller import DraftController
from app.controllers.orders.order_controller import OrderController
from app.controllers.orders.return_controller import GuestReturnController, ReturnController
from app.controllers.orders.shipment_controller import ShipmentController

CONTROLLERS = (
    CheckoutController,
    GuestReturnController,
    OrderController,
    DraftController,
    ShipmentController,
    ReturnController,
)
TAGS = (
    Tag("orders", "Orders of users and guests, and drafts of them."),
    Tag("shipments", "Shipments of orders, with their tracking."),
    Tag("returns", "Units of orders that customers send back."),
)
