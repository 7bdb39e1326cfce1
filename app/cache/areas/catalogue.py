"""The cached representations of products."""

from collections.abc import Iterable
from uuid import UUID

from app.cache.kind import Kind, RowTags
from app.errors import ProductNotFound
from app.models import Product

CATALOGUE = "catalogue"
"""The tag of all products: every product list depends on it."""

PRODUCTS = Kind("product", 600, ProductNotFound)
PRODUCT_LISTS = Kind("product_list", 600, list_tag=CATALOGUE)

KINDS = (PRODUCTS, PRODUCT_LISTS)


def product_tags(product_ids: Iterable[UUID]) -> set[str]:
    """Return the tags of changed products."""
    return {CATALOGUE, *map(PRODUCTS.tag, product_ids)}


def _of_product(product: Product) -> set[str]:
    return product_tags([product.id])


ROW_TAGS: RowTags = {Product: _of_product}
