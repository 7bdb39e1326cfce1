"""The events of products."""

from app.schemas.catalogue.product_messages import ProductOutOfStock, VariantLowStock
from app.schemas.catalogue.product_schema import ProductRead
from app.schemas.messaging.event_schema import DomainEvent


class ProductCreatedEvent(DomainEvent, frozen=True):
    """A product was added."""

    routing_key = "product.created"
    data: ProductRead


class ProductChangedEvent(DomainEvent, frozen=True):
    """A product was changed or archived, or its stock changed other than by an order."""

    routing_key = "product.changed"
    data: ProductRead


class ProductOutOfStockEvent(DomainEvent, frozen=True):
    """The last unit of a variant of a product left the stock."""

    routing_key = "product.out_of_stock"
    data: ProductOutOfStock


class VariantLowStockEvent(DomainEvent, frozen=True):
    """The stock of a variant fell to the number at which it is low."""

    routing_key = "variant.low_stock"
    data: VariantLowStock
