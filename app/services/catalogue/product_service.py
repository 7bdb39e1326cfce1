"""The catalogue: products and their stock."""

import logging
from collections.abc import Collection, Iterable
from uuid import UUID

from app.cache.areas.catalogue import PRODUCT_LISTS, PRODUCTS, list_key
from app.cache.cache import Cache, Found, Tier
from app.cache.representation import Representation
from app.core.clock import Clock
from app.core.ids import new_id
from app.core.money import format_minor
from app.core.search_words import search_text
from app.errors import InsufficientStock
from app.models import MovementReason, Product
from app.repositories.catalogue.primary_category_repository import PrimaryCategoryRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.product_events import (
    ProductChangedEvent,
    ProductCreatedEvent,
    ProductOutOfStockEvent,
)
from app.schemas.catalogue.product_messages import ProductOutOfStock
from app.schemas.catalogue.product_schema import (
    ProductChange,
    ProductCreate,
    ProductListed,
    ProductPage,
    ProductQuery,
    ProductRead,
    StockMovementCreate,
    StockMovementPage,
    StockMovementRead,
)
from app.schemas.page_schema import PageQuery
from app.security.areas.catalogue import CatalogueAudited
from app.security.principal import Caller
from app.services.messaging.outbox_service import OutboxService
from app.services.preconditions import require_match
from app.services.system.audit_service import AuditService

logger = logging.getLogger(__name__)


class ProductService:
    """Adds, returns, changes, restocks and archives products."""

    def __init__(
        self,
        products: ProductRepository,
        categories: PrimaryCategoryRepository,
        audit: AuditService,
        outbox: OutboxService,
        clock: Clock,
        currency: str,
        low_stock_at: int,
        cache: Cache,
    ) -> None:
        self._products = products
        self._categories = categories
        self._audit = audit
        self._outbox = outbox
        self._clock = clock
        self._currency = currency
        self._low_stock_at = low_stock_at
        self._cache = cache

    async def offer(self, caller: Caller, data: ProductCreate) -> ProductRead:
        """Add a product with its initial stock.

        Raises:
            SkuTaken: another product has the SKU.
        """
        now = self._clock.now()
        product = Product(
            id=new_id(now),
            currency=self._currency,
            search_text=search_text(data.name, data.sku, data.category, data.description),
            created_at=now,
            updated_at=now,
            **data.model_dump(),
        )
        await self._products.add(product)
        if product.stock_quantity:
            await self._note(product, product.stock_quantity, MovementReason.SUPPLY, caller.name)
        shown = ProductRead.model_validate(product)
        await self._outbox.announce(ProductCreatedEvent(product.id, shown))
        return shown

    async def get(self, product_id: UUID) -> Found:
        """Return a product.

        Raises:
            ProductNotFound: the product does not exist.
        """

        async def load() -> Representation:
            product = await self._products.get(product_id)
            return Representation.of(ProductRead.model_validate(product))

        return await self._cache.show(PRODUCTS, product_id, None, load)

    async def find(self, query: ProductQuery) -> Found:
        """Return a page of the products that are for sale; one with their stock is not cached."""

        async def load() -> Representation:
            products, following = await self._products.find(query)
            items = [
                ProductListed.of(each, self._low_stock_at, has_stock=query.includes_stock)
                for each in products
            ]
            page = ProductPage(items=items, next=following)
            if query.is_counted:
                page.total = await self._products.count(query)
            return Representation.of(page)

        if query.includes_stock:
            return Found(await load(), Tier.MISS)
        key = list_key(query.model_dump_json(), self._low_stock_at)
        return await self._cache.show_list(PRODUCT_LISTS, key, load)

    async def change(
        self,
        caller: Caller,
        product_id: UUID,
        change: ProductChange,
        if_match: str | None = None,
        source_version: int | None = None,
    ) -> ProductRead:
        """Change a product; a counted stock is recorded as its difference from the stored one.

        If the sender numbers its changes, a change is made only if no later one was made before.

        Raises:
            ProductNotFound, PreconditionFailed, SkuTaken: nothing is changed.
        """
        changes = change.changes()
        categories = await self.find_categories([changes.get("category")])
        product = await self._products.get(product_id, lock=True)
        require_match(if_match, ProductRead.model_validate(product))
        if source_version is not None:
            if product.source_version is not None and source_version <= product.source_version:
                return ProductRead.model_validate(product)
            product.source_version = source_version
        price_minor, stock_quantity = product.price_minor, product.stock_quantity
        if (category := changes.get("category")) not in (None, product.category):
            product.primary_category_id = categories[category]
        for name, value in changes.items():
            setattr(product, name, value)
        product.search_text = search_text(
            product.name, product.sku, product.category, product.description
        )
        product.updated_at = self._clock.now()
        product.version += 1
        await self._products.flush()
        if difference := product.stock_quantity - stock_quantity:
            await self._note(product, difference, MovementReason.STOCKTAKE, caller.name)
        if product.price_minor != price_minor:
            await self._audit_price(caller, product, price_minor)
        await self._announce_change(product, is_emptied=difference < 0)
        return ProductRead.model_validate(product)

    async def find_categories(self, names: Iterable[str | None]) -> dict[str, UUID]:
        """Return the categories with these names for the rest of the transaction, or make them.

        Call it before products are locked: the order of the locks prevents deadlocks.
        """
        given = {name for name in names if name is not None}
        return await self._categories.ids_of(given, self._clock.now()) if given else {}

    async def lock(self, product_ids: Collection[UUID]) -> None:
        """Lock products until the transaction ends."""
        await self._products.lock_in_id_order(product_ids)

    async def currency_in_use(self) -> str | None:
        """Return the currency of the prices; None without products."""
        return await self._products.currency_in_use()

    async def existing(self, product_ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids that belong to products."""
        return await self._products.existing(product_ids)

    async def archive(self, product_id: UUID) -> None:
        """Archive a product; orders that contain it keep it.

        Raises:
            ProductNotFound: the product does not exist.
        """
        product = await self._products.get(product_id, lock=True)
        product.archived_at = product.updated_at = self._clock.now()
        product.is_active = False
        product.version += 1
        await self._products.flush()
        await self._announce_change(product, is_emptied=False)

    async def move_stock(
        self, caller: Caller, product_id: UUID, data: StockMovementCreate
    ) -> StockMovementRead:
        """Add units to the stock or remove them.

        Raises:
            ProductNotFound: the product does not exist.
            InsufficientStock: more units would be removed than are in stock.
        """
        product = await self._products.get(product_id, lock=True)
        if product.stock_quantity + data.quantity < 0:
            raise InsufficientStock(
                f"{product.name}: {-data.quantity} to be removed, "
                f"{product.stock_quantity} in stock",
                products=[
                    {
                        "product_id": str(product.id),
                        "asked": -data.quantity,
                        "available": product.stock_quantity,
                    }
                ],
            )
        product.stock_quantity += data.quantity
        product.updated_at = self._clock.now()
        await self._products.flush()
        await self._announce_change(product, is_emptied=data.quantity < 0)
        return await self._note(
            product, data.quantity, MovementReason(data.reason), data.note or caller.name
        )

    async def movements(self, product_id: UUID, query: PageQuery) -> StockMovementPage:
        """Return a page of the movements of a product's stock.

        Raises:
            ProductNotFound: the product does not exist.
        """
        await self._products.get(product_id)
        movements, following = await self._products.movements_of(product_id, query)
        return StockMovementPage(
            items=[StockMovementRead.model_validate(each) for each in movements], next=following
        )

    async def _audit_price(self, caller: Caller, product: Product, before_minor: int) -> None:
        prices = {
            "from": format_minor(before_minor, product.currency),
            "to": format_minor(product.price_minor, product.currency),
        }
        await self._audit.record(CatalogueAudited.PRICE_CHANGED, caller, product.id, **prices)

    async def _announce_change(self, product: Product, *, is_emptied: bool) -> None:
        shown = ProductRead.model_validate(product)
        await self._outbox.announce(ProductChangedEvent(product.id, shown))
        if is_emptied and product.stock_quantity == 0:
            logger.info("product %s is out of stock", product.id)
            emptied = ProductOutOfStock(product_id=product.id, sku=product.sku)
            await self._outbox.announce(ProductOutOfStockEvent(product.id, emptied))

    async def _note(
        self, product: Product, quantity: int, reason: MovementReason, source: str
    ) -> StockMovementRead:
        movement = StockMovementRead(
            id=new_id(product.updated_at),
            product_id=product.id,
            quantity=quantity,
            reason=reason,
            source=source,
            created_at=product.updated_at,
        )
        await self._products.add_movements([movement.model_dump()])
        return movement
