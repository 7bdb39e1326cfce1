"""Products."""

from litestar.openapi.spec import Tag

from app.controllers.catalogue.product_controller import ProductController

CONTROLLERS = (ProductController,)
TAGS = (Tag("products", "What the shop sells, and how its stock moves."),)
