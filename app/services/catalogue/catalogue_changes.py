"""Changes of products and variants, with their events, audit events and listings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.limits import MAX_OPTIONS
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
from app.tables.catalogue import is_limited

_UNIQUE = frozenset({"sku", *(f"option{place}_key" for place in range(1, MAX_OPTIONS + 1))})


@dataclass(slots=True)
class Noted:
    """The data that changes of many products have to write, collected to be written at once."""

    products: list[tuple[Product, Sequence[Variant], Mapping[UUID, int]]] = field(
        default_factory=list
    )
    """The changed products with their variants, and the former stock of each."""
    prices: dict[UUID, dict[str, str]] = field(default_factory=dict)
    """The former and the new price of variants."""
    movements: list[dict[str, Any]] = field(default_factory=list)


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
        noted: Noted | None = None,
    ) -> None:
        """Change a variant; a counted stock is recorded as its difference from the stored one.

        With `noted`, `store_all` writes what would be written here.

        Raises:
            SkuTaken, VariantExists: a unique value is taken.
            InvalidInput: the price to be shown next to the price is not higher.
            InsufficientStock: the variant owes units to orders, which would no longer be allowed.
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
            row = self._moved(variant, difference, MovementReason.STOCKTAKE, caller.name, now)
            await self._write([row], {}, caller, noted)
        note_low_stock(variant, now, self._low_stock_at)
        require_stock(product, variant)
        if noted is None and not _UNIQUE.isdisjoint(changes):
            # A taken SKU is refused here, and not where the audit event is stored.
            await self._stock.flush()
        if variant.price_minor != price_minor:
            both = zip(("from", "to"), (price_minor, variant.price_minor), strict=True)
            prices = {name: format_minor(each, product.currency) for name, each in both}
            await self._write([], {variant.id: prices}, caller, noted)

    async def _write(
        self,
        movements: list[dict[str, Any]],
        prices: dict[UUID, dict[str, str]],
        caller: Caller,
        noted: Noted | None,
    ) -> None:
        """Write movements and changes of prices, or collect them."""
        if noted is not None:
            noted.movements += movements
            noted.prices |= prices
            return
        if movements:
            await self._stock.add_movements(movements)
        if prices:
            await self._audit.record_all(CatalogueAudited.PRICE_CHANGED, caller, prices)

    async def move(
        self, variant: Variant, quantity: int, reason: MovementReason, source: str, now: datetime
    ) -> StockMovementRead:
        """Move the stock of a variant, and record the movement."""
        row = self._moved(variant, quantity, reason, source, now)
        await self._stock.add_movements([row])
        return StockMovementRead(product_id=variant.product_id, **row)

    def _moved(
        self, variant: Variant, quantity: int, reason: MovementReason, source: str, now: datetime
    ) -> dict[str, Any]:
        variant.stock_quantity += quantity
        variant.updated_at = now
        note_low_stock(variant, now, self._low_stock_at)
        return movement_row(variant.id, quantity, reason, source, now)

    async def store(
        self,
        product: Product,
        variants: Sequence[Variant],
        before: Mapping[UUID, int],
        now: datetime,
        *,
        is_new_version: bool = True,
    ) -> ProductRead:
        """Store a changed product with its listing, and announce it.

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
        await self.announce_all(self._events_of(shown, variants, before))
        return shown

    async def store_all(self, caller: Caller, noted: Noted, now: datetime) -> None:
        """Store many changed products, as `store` does, with the collected data.

        Raises:
            SkuTaken, VariantExists: a unique value is taken.
        """
        for product, variants, _ in noted.products:
            derive_listing(product, variants, self._low_stock_at)
            product.updated_at = now
            product.version += 1
        await self._stock.flush()
        await self._facets.replace_all([(each, its) for each, its, _ in noted.products])
        await self._write(noted.movements, noted.prices, caller, None)
        events: list[DomainEvent] = []
        for product, variants, before in noted.products:
            shown = ProductRead.of(product, variants, self._low_stock_at)
            events += self._events_of(shown, variants, before)
        await self.announce_all(events)

    def _events_of(
        self, shown: ProductRead, variants: Sequence[Variant], before: Mapping[UUID, int]
    ) -> list[DomainEvent]:
        events: list[DomainEvent] = [ProductChangedEvent(shown.id, shown)]
        for each in variants:
            moved = each.stock_quantity - before.get(each.id, each.stock_quantity)
            events += stock_events(each, each.stock_quantity - moved, moved, self._low_stock_at)
        return events


def require_stock(product: Product, variant: Variant) -> None:
    """Require that a variant owes no units to orders, unless that is allowed.

    Raises:
        InsufficientStock: the variant owes units without being allowed to.
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
