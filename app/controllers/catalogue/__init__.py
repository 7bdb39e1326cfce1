"""Products."""

from litestar.openapi.spec import Tag

from app.controllers.catalogue.category_controller import CategoryController
from app.controllers.catalogue.facet_controller import FacetController
from app.controllers.catalogue.image_controller import ImageController
from app.controllers.catalogue.media_controller import MediaController
from app.controllers.catalogue.product_bulk_controller import ProductBulkController
from app.controllers.catalogue.product_category_controller import ProductCategoryController
from app.controllers.catalogue.product_controller import ProductController
from app.controllers.catalogue.product_export_controller import ProductExportController
from app.controllers.catalogue.stock_controller import (
    ProductStockController,
    VariantStockController,
)
from app.controllers.catalogue.variant_controller import (
    ProductVariantController,
    VariantController,
)

CONTROLLERS = (
    ProductController,
    ProductExportController,
    ProductBulkController,
    FacetController,
    ProductVariantController,
    ProductStockController,
    VariantController,
    VariantStockController,
    CategoryController,
    ProductCategoryController,
    ImageController,
)
ROOT_CONTROLLERS = (MediaController,)
"""Controllers that are not part of the API."""
TAGS = (Tag("products", "The products of the shop, their variants, stock and categories."),)
