"""Price lists and their prices."""

from litestar.openapi.spec import Tag

from app.controllers.prices.price_list_controller import PriceListController

CONTROLLERS = (PriceListController,)
TAGS = (Tag("prices", "Price lists: sale prices for a period."),)
