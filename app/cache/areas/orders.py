"""The cached representations of orders."""

from collections.abc import Iterable
from uuid import UUID

from app.cache.kind import Kind, RowTags
from app.errors import OrderNotFound
from app.models import Order, OrderChange, OrderItem

ORDERS = Kind("order", 300, OrderNotFound)

KINDS = (ORDERS,)


def order_tags(order_ids: Iterable[UUID]) -> set[str]:
    """Return the tags of changed orders."""
    return set(map(ORDERS.tag, order_ids))


def _of_order(order: Order) -> set[str]:
    return order_tags([order.id])


def _of_part(part: OrderItem | OrderChange) -> set[str]:
    return order_tags([part.order_id])


ROW_TAGS: RowTags = {Order: _of_order, OrderItem: _of_part, OrderChange: _of_part}
