"""Errors about products, their variants, stock, categories and images."""

from typing import Self

from app.errors.base import (
    Conflict,
    DomainError,
    NotFound,
    PayloadTooLarge,
    UnsupportedMediaType,
)

__all__ = [
    "CategoryCycle",
    "CategoryNotEmpty",
    "CategoryNotFound",
    "CategoryTooDeep",
    "ImageNotFound",
    "ImageNotReadable",
    "ImageTooLarge",
    "ImageTypeRefused",
    "InsufficientStock",
    "LastVariant",
    "NotSoldInCurrency",
    "ProductNotForSale",
    "ProductNotFound",
    "SkuTaken",
    "SlugTaken",
    "TooManyImages",
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


class NotSoldInCurrency(Conflict):
    """The product or variant has no price in the currency."""

    code, title = "not-sold-in-currency", "Not sold in this currency"


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
    """A category would have too many ancestors."""

    code, title = "category-too-deep", "The tree would be too deep"


class CategoryNotEmpty(Conflict):
    """The category has categories below it, or products."""

    code, title = "category-not-empty", "The category is not empty"


class ImageNotFound(NotFound):
    """The product has no such image, or the file does not exist."""

    code, title = "image-not-found", "Image not found"


class ImageTypeRefused(UnsupportedMediaType):
    """The file is not a JPEG, a PNG or a WebP without animation."""

    code, title = "image-type-refused", "The type of the image is not accepted"


class ImageTooLarge(PayloadTooLarge):
    """The file or the image in it is larger than allowed."""

    code, title = "image-too-large", "The image is too large"


class ImageNotReadable(DomainError):
    """The file begins like an image, but its dimensions cannot be read."""

    code, title, status = "image-not-readable", "The image cannot be read", 422


class TooManyImages(Conflict):
    """The product has the maximum number of images."""

    code, title = "too-many-images", "Too many images"
