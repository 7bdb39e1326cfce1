"""Products and categories."""

from litestar.openapi.spec import Tag

from app.controllers.catalogue.category_controller import CategoryController
from app.controllers.catalogue.product_category_controller import ProductCategoryController
from app.controllers.catalogue.product_controller import ProductController

CONTROLLERS = (ProductController, CategoryController, ProductCategoryController)
TAGS = (Tag("products", "The products of the shop, their stock and their categories."),)
