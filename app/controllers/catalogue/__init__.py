"""Products."""

from litestar.openapi.spec import Tag

from app.controllers.catalogue.category_controller import CategoryController
from app.controllers.catalogue.product_controller import ProductController

CONTROLLERS = (ProductController, CategoryController)
TAGS = (Tag("products", "The products of the shop and their stock."),)
