"""Errors about products and their stock."""

from app.errors.base import Conflict, NotFound

__all__ = [
    "InsufficientStock",
    "ProductNotForSale",
    "ProductNotFound",
    "SkuTaken",
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
