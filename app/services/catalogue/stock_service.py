"""The stock of variants: movements other than by orders, and their list."""

from collections.abc import Sequence
from uuid import UUID

from app.core.clock import Clock
from app.errors import InsufficientStock, ProductNotFound, VariantNotFound
from app.models import MovementReason, Product, StockMovement, Variant
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.stock_repository import StockRepository
from app.repositories.catalogue.variant_repository import VariantRepository
from app.schemas.catalogue.stock_schema import (
    StockMovementCreate,
    StockMovementPage,
    StockMovementRead,
)
from app.schemas.page_schema import PageQuery
from app.security.principal import Caller
from app.services.catalogue.catalogue_changes import CatalogueChanges, stock_of
from app.services.catalogue.listing import only_variant, sold_ids
from app.tables.catalogue import is_limited

_AT_ONCE = 1_000


class StockService:
    """Moves the stock of variants, and returns its movements."""

    def __init__(
        self,
        products: ProductRepository,
        variants: VariantRepository,
        stock: StockRepository,
        changes: CatalogueChanges,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._products = products
        self._variants = variants
        self._stock = stock
        self._changes = changes

    async def move(
        self, caller: Caller, product_id: UUID, data: StockMovementCreate
    ) -> StockMovementRead:
        """Add units to the stock of the only variant of a product, or remove them.

        Raises:
            ProductNotFound: the product does not exist.
            VariantRequired: the product has several variants.
            InsufficientStock: more units would be removed than are in stock.
        """
        product = await self._products.get(product_id, lock=True)
        variants = list(product.variants)
        return await self._move(caller, product, variants, only_variant(product, variants), data)

    async def move_of_variant(
        self, caller: Caller, variant_id: UUID, data: StockMovementCreate
    ) -> StockMovementRead:
        """Add units to the stock of a variant or remove them.

        Raises:
            VariantNotFound: the variant does not exist.
            InsufficientStock: more units would be removed than are in stock.
        """
        product_id = await self._variants.product_of(variant_id)
        product = await self._products.get(product_id, lock=True)
        variants = list(product.variants)
        return await self._move(caller, product, variants, one_of(variants, variant_id), data)

    async def of_product(self, product_id: UUID, query: PageQuery) -> StockMovementPage:
        """Return a page of the movements of the stock of all variants of a product.

        Raises:
            ProductNotFound: the product does not exist.
        """
        if not await self._products.existing([product_id]):
            raise ProductNotFound.of(product_id)
        return _page(*await self._stock.movements_of_product(product_id, query))

    async def of_variant(self, variant_id: UUID, query: PageQuery) -> StockMovementPage:
        """Return a page of the movements of the stock of a variant.

        Raises:
            VariantNotFound: the variant does not exist.
        """
        await self._variants.get(variant_id)
        return _page(*await self._stock.movements_of_variant(variant_id, query))

    async def is_derived(self, low_stock_at: int) -> bool:
        """Return whether the stored rows were derived with a setting of low stock."""
        return await self._stock.applied_low_stock_at() == low_stock_at

    async def derive_some(self, after: UUID | None) -> UUID | None:
        """Derive low stock for the next products by id, and return the last of them, if any."""
        last = await self._stock.derive_all(after, self._clock.now(), _AT_ONCE)
        if last is None:
            await self._stock.note_low_stock_at()
        return last

    async def _move(
        self,
        caller: Caller,
        product: Product,
        variants: Sequence[Variant],
        variant: Variant,
        data: StockMovementCreate,
    ) -> StockMovementRead:
        _require_stock(product, variant, data.quantity)
        now, before = self._clock.now(), stock_of(variants)
        movement = await self._changes.move(
            variant, data.quantity, MovementReason(data.reason), data.note or caller.name, now
        )
        # The change of a stock does not count as a change of the product.
        await self._changes.store(
            product, variants, before, product.updated_at, is_new_version=False
        )
        return movement


def one_of(variants: Sequence[Variant], variant_id: UUID) -> Variant:
    """Return the variant of a product with an id.

    Raises:
        VariantNotFound: the product has no such variant.
    """
    for each in variants:
        if each.id == variant_id:
            return each
    raise VariantNotFound.of(variant_id)


def _require_stock(product: Product, variant: Variant, quantity: int) -> None:
    if variant.stock_quantity + quantity >= 0 or quantity > 0 or not is_limited(variant):
        return
    raise InsufficientStock(
        f"{product.name}: {-quantity} to be removed, {variant.stock_quantity} in stock",
        products=[
            {
                **sold_ids(product.id, variant.id),
                "asked": -quantity,
                "available": variant.stock_quantity,
            }
        ],
    )


def _page(movements: Sequence[StockMovement], following: str | None) -> StockMovementPage:
    return StockMovementPage(
        items=[StockMovementRead.model_validate(each) for each in movements], next=following
    )
