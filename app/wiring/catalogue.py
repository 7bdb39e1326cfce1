"""Builds the service of products."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.catalogue.product_repository import ProductRepository
from app.services.catalogue.product_service import ProductService
from app.wiring.messaging import provide_outbox
from app.wiring.resources import Shop
from app.wiring.system import provide_audit


def provide_products(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ProductService:
    """Return the service of products."""
    return ProductService(
        ProductRepository(session),
        provide_audit(session, shop),
        provide_outbox(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.settings.low_stock_at,
        shop.cache,
    )


Products = NamedDependency[ProductService]

DEPENDENCIES = {
    "products": Provide(provide_products, sync_to_thread=False),
}
