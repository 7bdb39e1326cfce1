"""Changes of many products with their variants at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.errors import ProductNotFound, TooManyVariants
from app.models import Product, Variant
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.stock_repository import StockRepository
from app.repositories.catalogue.variant_repository import VariantRepository
from app.schemas.catalogue.product_events import ProductCreatedEvent
from app.schemas.catalogue.product_schema import ProductRead
from app.schemas.catalogue.variant_schema import MAX_VARIANTS, VariantCreate
from app.security.principal import Caller
from app.services.catalogue.catalogue_changes import CatalogueChanges, Noted, stock_of
from app.services.catalogue.new_product import Maker, NewProduct, columns_of, supplies_of


@dataclass(slots=True)
class Edit:
    """The changes of a product, as columns, and its new variants."""

    product: dict[str, Any] = field(default_factory=dict)
    variants: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    added: list[VariantCreate] = field(default_factory=list)


class ProductEdits:
    """Changes products together with their variants."""

    def __init__(
        self,
        products: ProductRepository,
        variants: VariantRepository,
        stock: StockRepository,
        changes: CatalogueChanges,
        clock: Clock,
        currency: str,
        low_stock_at: int,
    ) -> None:
        self._products = products
        self._variants = variants
        self._stock = stock
        self._changes = changes
        self._clock = clock
        self._currency = currency
        self._low_stock_at = low_stock_at

    async def announce_new(self, added: Sequence[NewProduct]) -> None:
        """Publish the event of each new product."""
        await self._changes.announce_all(
            [
                ProductCreatedEvent(
                    each.product.id,
                    ProductRead.of(each.product, each.variants, self._low_stock_at),
                )
                for each in added
            ]
        )

    async def apply(self, caller: Caller, edits: Mapping[UUID, Edit]) -> None:
        """Change products; new categories must exist already.

        Raises:
            ProductNotFound, SkuTaken, VariantExists, TooManyVariants: nothing is changed.
            InvalidInput: a variant has other options than its product, or a wrong price.
            InsufficientStock: a variant owes units to orders, which would no longer be allowed.
        """
        if not edits:
            return
        await self._products.lock(edits)
        found = await self._products.whole(edits, is_locked=True)
        now, noted = self._clock.now(), Noted()
        for product_id, edit in edits.items():
            if product_id not in found:
                raise ProductNotFound.of(product_id)
            await self._change(caller, found[product_id], edit, now, noted)
        await self._changes.store_all(caller, noted, now)

    async def _change(
        self, caller: Caller, product: Product, edit: Edit, now: datetime, noted: Noted
    ) -> None:
        variants = list(product.variants)
        before = stock_of(variants)
        for variant in variants:
            if changes := edit.variants.get(variant.id):
                await self._changes.change_variant(caller, product, variant, changes, now, noted)
        for name, value in edit.product.items():
            setattr(product, name, value)
        added = await self._add(caller, product, variants, edit.added) if edit.added else []
        noted.products.append((product, [*variants, *added], before))

    async def _add(
        self,
        caller: Caller,
        product: Product,
        variants: Sequence[Variant],
        wanted: Sequence[VariantCreate],
    ) -> list[Variant]:
        if (count := len(variants) + len(wanted)) > MAX_VARIANTS:
            raise TooManyVariants(
                f"{product.name} would have {count} variants, and {MAX_VARIANTS} are allowed",
                product_id=str(product.id),
                limit=MAX_VARIANTS,
            )
        maker = Maker(self._clock.now(), self._currency, self._low_stock_at)
        last, price = max(each.position for each in variants), variants[0].price_minor
        added = [
            maker.variant(data, product.id, place, product.option_names, price)
            for place, data in enumerate(wanted, start=last + 1)
        ]
        await self._variants.add_all(product.id, [columns_of(each) for each in added])
        await self._stock.add_movements(supplies_of(added, caller.name))
        return added
