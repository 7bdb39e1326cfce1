"""Errors about products, their stock and their categories."""

from app.errors.base import Conflict, NotFound

__all__ = [
    "CategoryCycle",
    "CategoryNotEmpty",
    "CategoryNotFound",
    "CategoryTooDeep",
    "InsufficientStock",
    "ProductNotForSale",
    "ProductNotFound",
    "SkuTaken",
    "SlugTaken",
]


class ProductNotFound(NotFound):
    """The product does not exist."""

    code, title = "product-not-found", "Product not found"


class SkuTaken(Conflict):
    """Another product has this SKU."""

    code, title = "sku-taken", "The SKU is taken"


class InsufficientStock(Conflict):
    """Fewer units are in stock than requested."""

    code, title = "insufficient-stock", "Not enough in stock"


class ProductNotForSale(Conflict):
    """The product is currently not for sale."""

    code, title = "product-not-for-sale", "The product is not for sale"


class CategoryNotFound(NotFound):
    """The category does not exist, or is not shown to the caller."""

    code, title = "category-not-found", "Category not found"


class SlugTaken(Conflict):
    """Another category below the same parent has this slug."""

    code, title = "slug-taken", "The slug is taken"


class CategoryCycle(Conflict):
    """A category would be below itself."""

    code, title = "category-cycle", "The category would be below itself"


class CategoryTooDeep(Conflict):
    """A category would have too many others above it."""

    code, title = "category-too-deep", "The tree would be too deep"


class CategoryNotEmpty(Conflict):
    """The category has categories below it, or products."""

    code, title = "category-not-empty", "The category is not empty"
