"""The events of a stock that is used up or becomes low."""

import logging
from typing import Any

from app.schemas.catalogue.product_events import ProductOutOfStockEvent, VariantLowStockEvent
from app.schemas.catalogue.product_messages import ProductOutOfStock, VariantLowStock
from app.schemas.messaging.event_schema import DomainEvent
from app.tables.catalogue import threshold_of

logger = logging.getLogger(__name__)


def stock_events(variant: Any, before: int, moved: int, low_stock_at: int) -> list[DomainEvent]:
    """Return the events of a variant whose stock moves: it is used up, or becomes low."""
    after, threshold = before + moved, threshold_of(variant, low_stock_at)
    events: list[DomainEvent] = []
    if not variant.tracks_stock:
        return events
    if before > 0 >= after:
        logger.info("variant %s is out of stock", variant.id)
        emptied = ProductOutOfStock(
            product_id=variant.product_id, variant_id=variant.id, sku=variant.sku
        )
        events.append(ProductOutOfStockEvent(variant.product_id, emptied))
    if before > threshold >= after:
        low = VariantLowStock(
            product_id=variant.product_id,
            variant_id=variant.id,
            sku=variant.sku,
            stock_quantity=after,
            low_stock_at=threshold,
        )
        events.append(VariantLowStockEvent(variant.product_id, low))
    return events
