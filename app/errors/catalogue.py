"""Refusals about products and their stock."""

from app.errors.base import Conflict, NotFound

__all__ = [
    "InsufficientStock",
    "ProductNotForSale",
    "ProductNotFound",
    "SkuTaken",
]


class ProductNotFound(NotFound):
    """There is no such product."""

    code, title = "product-not-found", "Product not found"


class SkuTaken(Conflict):
    """Another product has this SKU."""

    code, title = "sku-taken", "The SKU is taken"


class InsufficientStock(Conflict):
    """Fewer pieces are in stock than were asked for."""

    code, title = "insufficient-stock", "Not enough in stock"


class ProductNotForSale(Conflict):
    """The product is not sold at present."""

    code, title = "product-not-for-sale", "The product is not for sale"
