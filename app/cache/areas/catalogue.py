"""The cached representations of products."""

from collections.abc import Iterable
from uuid import UUID

from app.cache.kind import Kind, RowTags
from app.errors import CategoryNotFound, ProductNotFound
from app.models import Category, Product, Variant

CATALOGUE = "catalogue"
"""The tag of all products: every product list depends on it."""

PRODUCTS = Kind("product", 600, ProductNotFound, shows_prices=True)
PRODUCT_LISTS = Kind("product_list", 600, list_tag=CATALOGUE, shows_prices=True)

CATEGORIES = Kind("category", 600, CategoryNotFound)

KINDS = (PRODUCTS, PRODUCT_LISTS, CATEGORIES)


def product_tags(product_ids: Iterable[UUID], *, are_listed_anew: bool = True) -> set[str]:
    """Return the tags of changed products, and of all lists if these now show them differently."""
    tags = set(map(PRODUCTS.tag, product_ids))
    return tags | {CATALOGUE} if are_listed_anew else tags


def category_tags(category_ids: Iterable[UUID]) -> set[str]:
    """Return the tags of changed categories, with that of the tree and of all product lists."""
    return {CATALOGUE, *map(CATEGORIES.tag, category_ids)}


def _of_product(product: Product) -> set[str]:
    return product_tags([product.id], are_listed_anew=product.has_new_listing)


def _of_variant(variant: Variant) -> set[str]:
    # Lists show only values of variants that are derived in the row of the product.
    return product_tags([variant.product_id], are_listed_anew=False)


def _of_category(category: Category) -> set[str]:
    return category_tags([category.id])


ROW_TAGS: RowTags = {Product: _of_product, Variant: _of_variant, Category: _of_category}
