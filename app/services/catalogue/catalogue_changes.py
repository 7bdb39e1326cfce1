"""Changes of products and variants, with the events, the audit and the listing that follow them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.money import format_minor
from app.errors import InsufficientStock
from app.models import MovementReason, Product, Variant
from app.repositories.catalogue.facet_repository import FacetRepository
from app.repositories.catalogue.stock_repository import StockRepository, movement_row
from app.schemas.catalogue.product_events import ProductChangedEvent
from app.schemas.catalogue.product_schema import ProductRead
from app.schemas.catalogue.stock_schema import StockMovementRead
from app.schemas.messaging.event_schema import DomainEvent
from app.security.areas.catalogue import CatalogueAudited
from app.security.principal import Caller
from app.services.catalogue.listing import (
    derive_listing,
    note_low_stock,
    require_higher_compare_at,
    sold_ids,
)
from app.services.catalogue.stock_events import stock_events
from app.services.messaging.outbox_service import OutboxService
from app.services.system.audit_service import AuditService
from app.tables.catalogue import MAX_OPTIONS, is_limited

_UNIQUE = frozenset({"sku", *(f"option{place}_key" for place in range(1, MAX_OPTIONS + 1))})


class CatalogueChanges:
    """Applies changes to locked products and variants, and announces them."""

    def __init__(
        self,
        stock: StockRepository,
        audit: AuditService,
        outbox: OutboxService,
        low_stock_at: int,
        facets: FacetRepository,
    ) -> None:
        self._stock = stock
        self._facets = facets
        self._audit = audit
        self._outbox = outbox
        self._low_stock_at = low_stock_at

    async def announce(self, event: DomainEvent) -> None:
        """Publish an event."""
        await self._outbox.announce(event)

    async def announce_all(self, events: Sequence[DomainEvent]) -> None:
        """Publish several events at once."""
        await self._outbox.announce_all([(event, None) for event in events])

    async def change_variant(
        self,
        caller: Caller,
        product: Product,
        variant: Variant,
        changes: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Change a variant; a counted stock is recorded as its difference from the stored one.

        Raises:
            SkuTaken, VariantExists: a unique value is taken.
            InvalidInput: the price to be shown beside the price is not higher.
            InsufficientStock: it owes units to orders, and would not be allowed to any more.
        """
        price_minor, stock_quantity = variant.price_minor, variant.stock_quantity
        for name, value in changes.items():
            setattr(variant, name, value)
        if "compare_at_minor" in changes:
            require_higher_compare_at(variant)
        elif (variant.compare_at_minor or variant.price_minor + 1) <= variant.price_minor:
            variant.compare_at_minor = None
        variant.updated_at = now
        variant.version += 1
        if difference := variant.stock_quantity - stock_quantity:
            variant.stock_quantity = stock_quantity
            await self.move(variant, difference, MovementReason.STOCKTAKE, caller.name, now)
        note_low_stock(variant, now, self._low_stock_at)
        require_stock(product, variant)
        if not _UNIQUE.isdisjoint(changes):
            # One that is taken is refused here, and not where the audit is stored.
            await self._stock.flush()
        if variant.price_minor != price_minor:
            await self._audit_price(caller, product, variant, price_minor)

    async def move(
        self, variant: Variant, quantity: int, reason: MovementReason, source: str, now: datetime
    ) -> StockMovementRead:
        """Move the stock of a variant, and record the movement."""
        variant.stock_quantity += quantity
        variant.updated_at = now
        note_low_stock(variant, now, self._low_stock_at)
        row = movement_row(variant.id, quantity, reason, source, now)
        await self._stock.add_movements([row])
        return StockMovementRead(product_id=variant.product_id, **row)

    async def store(
        self,
        product: Product,
        variants: Sequence[Variant],
        before: Mapping[UUID, int],
        now: datetime,
        *,
        is_new_version: bool = True,
    ) -> ProductRead:
        """Store a changed product with what it shows of its variants, and announce it.

        `before` has the stock of each variant before the change.

        Raises:
            SkuTaken, VariantExists: a unique value is taken.
        """
        derive_listing(product, variants, self._low_stock_at)
        await self._facets.replace(product, variants)
        if product.updated_at != now:
            product.updated_at = now
        if is_new_version:
            product.version += 1
        await self._stock.flush()
        shown = ProductRead.of(product, variants, self._low_stock_at)
        await self._outbox.announce(ProductChangedEvent(product.id, shown))
        for each in variants:
            moved = each.stock_quantity - before.get(each.id, each.stock_quantity)
            for event in stock_events(each, each.stock_quantity - moved, moved, self._low_stock_at):
                await self._outbox.announce(event)
        return shown

    async def _audit_price(
        self, caller: Caller, product: Product, variant: Variant, before_minor: int
    ) -> None:
        prices = {
            "from": format_minor(before_minor, product.currency),
            "to": format_minor(variant.price_minor, product.currency),
        }
        await self._audit.record(CatalogueAudited.PRICE_CHANGED, caller, variant.id, **prices)


def require_stock(product: Product, variant: Variant) -> None:
    """Require that a variant owes units to orders only if it may.

    Raises:
        InsufficientStock: it may not.
    """
    if variant.stock_quantity >= 0 or not is_limited(variant):
        return
    raise InsufficientStock(
        f"{product.name}: {-variant.stock_quantity} owed to orders",
        products=[
            {
                **sold_ids(product.id, variant.id),
                "asked": -variant.stock_quantity,
                "available": 0,
            }
        ],
    )


def stock_of(variants: Sequence[Variant]) -> dict[UUID, int]:
    """Return the stock of each variant."""
    return {each.id: each.stock_quantity for each in variants}
