"""Builds the services of products and categories."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.catalogue.category_tree_repository import CategoryTreeRepository
from app.repositories.catalogue.primary_category_repository import PrimaryCategoryRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.services.catalogue.category_service import CategoryService
from app.services.catalogue.product_category_service import ProductCategoryService
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
        PrimaryCategoryRepository(session),
        provide_audit(session, shop),
        provide_outbox(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.settings.low_stock_at,
        shop.cache,
    )


def provide_categories(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> CategoryService:
    """Return the service of categories."""
    return CategoryService(
        CategoryTreeRepository(session), PrimaryCategoryRepository(session), shop.clock, shop.cache
    )


def provide_product_categories(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ProductCategoryService:
    """Return the service of the categories of a product."""
    return ProductCategoryService(
        ProductRepository(session),
        CategoryTreeRepository(session),
        PrimaryCategoryRepository(session),
        provide_outbox(session, shop),
        shop.clock,
    )


Products = NamedDependency[ProductService]
Categories = NamedDependency[CategoryService]
ProductCategories = NamedDependency[ProductCategoryService]

DEPENDENCIES = {
    "products": Provide(provide_products, sync_to_thread=False),
    "categories": Provide(provide_categories, sync_to_thread=False),
    "product_categories": Provide(provide_product_categories, sync_to_thread=False),
}
