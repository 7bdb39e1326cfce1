"""Errors about products, their variants, stock and categories."""

from typing import Self

from app.errors.base import Conflict, NotFound

__all__ = [
    "CategoryCycle",
    "CategoryNotEmpty",
    "CategoryNotFound",
    "CategoryTooDeep",
    "InsufficientStock",
    "LastVariant",
    "ProductNotForSale",
    "ProductNotFound",
    "SkuTaken",
    "SlugTaken",
    "TooManyVariants",
    "VariantExists",
    "VariantNotFound",
    "VariantRequired",
    "VariantsWouldCollide",
]


class ProductNotFound(NotFound):
    """The product does not exist."""

    code, title = "product-not-found", "Product not found"


class VariantNotFound(NotFound):
    """The variant does not exist."""

    code, title = "variant-not-found", "Variant not found"


class SkuTaken(Conflict):
    """Another product or variant has this SKU."""

    code, title = "sku-taken", "The SKU is taken"


class InsufficientStock(Conflict):
    """Fewer units are in stock than requested."""

    code, title = "insufficient-stock", "Not enough in stock"


class ProductNotForSale(Conflict):
    """The product is currently not for sale."""

    code, title = "product-not-for-sale", "The product is not for sale"


class VariantRequired(Conflict):
    """The product has several variants, and the request does not say which one it means."""

    code, title = "variant-required", "A variant must be chosen"


class VariantExists(Conflict):
    """Another variant of the product has the same option values."""

    code, title = "variant-exists", "The variant already exists"

    @classmethod
    def of_taken(cls, column: str) -> Self:
        """Return the error for option values that another variant has."""
        return cls("another variant has these option values", field="option_values")


class VariantsWouldCollide(Conflict):
    """Several variants of the product would have the same option values."""

    code, title = "variants-would-collide", "Variants would have the same option values"


class TooManyVariants(Conflict):
    """The product would have more variants than allowed."""

    code, title = "too-many-variants", "Too many variants"


class LastVariant(Conflict):
    """The product has no other variant."""

    code, title = "last-variant", "The last variant of a product"


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
