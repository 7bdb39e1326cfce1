"""What a cached representation depends on, by names that a change of it drops."""

from collections.abc import Iterable
from uuid import UUID

from app.models import Base, Order, OrderChange, OrderItem, Product, User

CATALOGUE = "catalogue"
"""All products: every list of them depends on it."""


def product_tags(product_ids: Iterable[UUID]) -> set[str]:
    """Return the tags of changed products."""
    return {CATALOGUE, *(f"product:{each}" for each in product_ids)}


def order_tags(order_ids: Iterable[UUID]) -> set[str]:
    """Return the tags of changed orders."""
    return {f"order:{each}" for each in order_ids}


def tags_of(row: Base) -> set[str]:
    """Return the tags of what shows a row."""
    match row:
        case User():
            return {f"user:{row.id}"}
        case Product():
            return product_tags([row.id])
        case Order():
            return order_tags([row.id])
        case OrderItem() | OrderChange():
            return order_tags([row.order_id])
    return set()
