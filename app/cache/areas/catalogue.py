"""The cached representations of products."""

from collections.abc import Iterable
from uuid import UUID

from app.cache.kind import Kind, RowTags
from app.errors import ProductNotFound
from app.models import Product, Variant

CATALOGUE = "catalogue"
"""The tag of all products: every product list depends on it."""

PRODUCTS = Kind("product", 600, ProductNotFound)
PRODUCT_LISTS = Kind("product_list", 600, list_tag=CATALOGUE)

KINDS = (PRODUCTS, PRODUCT_LISTS)


def product_tags(product_ids: Iterable[UUID], *, are_listed_anew: bool = True) -> set[str]:
    """Return the tags of changed products, and of all lists if they show them otherwise now."""
    tags = set(map(PRODUCTS.tag, product_ids))
    return tags | {CATALOGUE} if are_listed_anew else tags


def list_key(query: str, low_stock_at: int) -> str:
    """Return the key of a list; after a change of the setting, older lists are not found."""
    return f"{low_stock_at} {query}"


def _of_product(product: Product) -> set[str]:
    return product_tags([product.id], are_listed_anew=product.has_new_listing)


def _of_variant(variant: Variant) -> set[str]:
    # What lists show of variants is derived in the row of the product.
    return product_tags([variant.product_id], are_listed_anew=False)


ROW_TAGS: RowTags = {Product: _of_product, Variant: _of_variant}
