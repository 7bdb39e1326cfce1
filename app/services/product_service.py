"""What the shop does with its products and their stock."""

from uuid import UUID

from app.clock import Clock
from app.errors import InsufficientStock
from app.ids import new_id
from app.models import MovementReason, Product
from app.repositories.product_repository import ProductRepository, search_text
from app.schemas.page_schema import PageQuery
from app.schemas.product_schema import (
    ProductChange,
    ProductCreate,
    ProductPage,
    ProductQuery,
    ProductRead,
    StockMovementCreate,
    StockMovementPage,
    StockMovementRead,
)
from app.services.preconditions import require_match


class ProductService:
    """Offers, shows, changes, restocks and archives products."""

    def __init__(self, products: ProductRepository, clock: Clock, currency: str) -> None:
        self._products = products
        self._clock = clock
        self._currency = currency

    async def offer(self, data: ProductCreate, source: str = "api") -> ProductRead:
        """Add a product, with its first supply.

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
            await self._note(product, product.stock_quantity, MovementReason.SUPPLY, source)
        return ProductRead.model_validate(product)

    async def get(self, product_id: UUID) -> ProductRead:
        """Show a product.

        Raises:
            ProductNotFound: there is none of this id.
        """
        return ProductRead.model_validate(await self._products.get(product_id))

    async def find(self, query: ProductQuery) -> ProductPage:
        """Show a page of the products for sale."""
        products, following = await self._products.find(query)
        return ProductPage(
            items=[ProductRead.model_validate(each) for each in products], next=following
        )

    async def change(
        self,
        product_id: UUID,
        change: ProductChange,
        if_match: str | None = None,
        source: str = "api",
    ) -> ProductRead:
        """Change a product; a counted stock is noted as the difference to the one on record.

        Raises:
            ProductNotFound, PreconditionFailed, SkuTaken: nothing is changed.
        """
        product = await self._products.get(product_id, lock=True)
        require_match(if_match, ProductRead.model_validate(product))
        difference = 0
        for name, value in change.changes().items():
            if name == "stock_quantity":
                difference = value - product.stock_quantity
            setattr(product, name, value)
        product.search_text = search_text(
            product.name, product.sku, product.category, product.description
        )
        product.updated_at = self._clock.now()
        product.version += 1
        await self._products.flush()
        if difference:
            await self._note(product, difference, MovementReason.STOCKTAKE, source)
        return ProductRead.model_validate(product)

    async def archive(self, product_id: UUID) -> None:
        """Take a product out of the shop for good; orders that have it keep it.

        Raises:
            ProductNotFound: there is none of this id.
        """
        product = await self._products.get(product_id, lock=True)
        product.archived_at = product.updated_at = self._clock.now()
        product.is_active = False
        product.version += 1
        await self._products.flush()

    async def move_stock(self, product_id: UUID, data: StockMovementCreate) -> StockMovementRead:
        """Let pieces come into stock or leave it.

        Raises:
            ProductNotFound: there is none of this id.
            InsufficientStock: more would leave than are there.
        """
        product = await self._products.get(product_id, lock=True)
        if product.stock_quantity + data.quantity < 0:
            raise InsufficientStock(
                f"{product.name}: {-data.quantity} to leave, {product.stock_quantity} in stock",
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
        return await self._note(product, data.quantity, MovementReason(data.reason), data.note)

    async def movements(self, product_id: UUID, query: PageQuery) -> StockMovementPage:
        """Show a page of the movements of a product's stock.

        Raises:
            ProductNotFound: there is none of this id.
        """
        await self._products.get(product_id)
        movements, following = await self._products.movements_of(product_id, query)
        return StockMovementPage(
            items=[StockMovementRead.model_validate(each) for each in movements], next=following
        )

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
