"""Builds the services of products, their variants, categories and images."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.catalogue.category_repository import CategoryRepository
from app.repositories.catalogue.category_tree_repository import CategoryTreeRepository
from app.repositories.catalogue.facet_repository import FacetRepository
from app.repositories.catalogue.image_repository import ImageRepository
from app.repositories.catalogue.primary_category_repository import PrimaryCategoryRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.stock_repository import StockRepository
from app.repositories.catalogue.variant_repository import VariantRepository
from app.services.catalogue.catalogue_changes import CatalogueChanges
from app.services.catalogue.category_service import CategoryService
from app.services.catalogue.facet_service import FacetService
from app.services.catalogue.images.image_results import ImageResults
from app.services.catalogue.images.image_service import ImageService
from app.services.catalogue.images.image_uploads import ImageUploads
from app.services.catalogue.option_service import OptionService
from app.services.catalogue.product_category_service import ProductCategoryService
from app.services.catalogue.product_service import ProductService
from app.services.catalogue.stock_service import StockService
from app.services.catalogue.variant_service import VariantService
from app.wiring.areas.messaging import provide_outbox
from app.wiring.areas.system import provide_audit, provide_errands
from app.wiring.resources import Shop


def provide_changes(session: AsyncSession, shop: Shop) -> CatalogueChanges:
    """Return the service that applies and announces changes of the catalogue."""
    return CatalogueChanges(
        StockRepository(session),
        provide_audit(session, shop),
        provide_outbox(session, shop),
        shop.settings.low_stock_at,
        FacetRepository(session),
    )


def provide_products(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ProductService:
    """Return the service of products."""
    return ProductService(
        ProductRepository(session),
        PrimaryCategoryRepository(session),
        provide_changes(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.settings.low_stock_at,
        shop.cache,
        shop.product_reads,
    )


def provide_variants(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> VariantService:
    """Return the service of variants."""
    return VariantService(
        ProductRepository(session),
        VariantRepository(session),
        StockRepository(session),
        provide_changes(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.settings.low_stock_at,
    )


def provide_options(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OptionService:
    """Return the service of the options of products."""
    return OptionService(
        ProductRepository(session),
        VariantRepository(session),
        provide_changes(session, shop),
        shop.clock,
        shop.settings.low_stock_at,
    )


def provide_stock(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> StockService:
    """Return the service of stock."""
    return StockService(
        ProductRepository(session),
        VariantRepository(session),
        StockRepository(session),
        provide_changes(session, shop),
        shop.clock,
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
        provide_changes(session, shop),
        shop.clock,
    )


def provide_facets(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> FacetService:
    """Return the service of the facets of products."""
    return FacetService(
        FacetRepository(session),
        CategoryRepository(session),
        shop.settings.shop_currency,
        shop.cache,
    )


def provide_images(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ImageService:
    """Return the service of the images of products."""
    return ImageService(
        ImageRepository(session),
        ProductRepository(session),
        provide_changes(session, shop),
        provide_errands(session, shop),
        shop.clock,
    )


def provide_image_results(session: AsyncSession, shop: Shop) -> ImageResults:
    """Return the service that records the work on images."""
    return ImageResults(
        ImageRepository(session),
        ProductRepository(session),
        provide_images(session, shop),
        shop.clock,
    )


def provide_image_uploads(shop: NamedDependency[Shop]) -> ImageUploads:
    """Return the service that receives image files."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[ImageService]:
        async with shop.database.write() as session:
            yield provide_images(session, shop)

    @asynccontextmanager
    async def look() -> AsyncIterator[ImageService]:
        async with shop.database.read() as session:
            yield provide_images(session, shop)

    return ImageUploads(begin, look, shop.files)


Products = NamedDependency[ProductService]
Variants = NamedDependency[VariantService]
Options = NamedDependency[OptionService]
Stock = NamedDependency[StockService]
Categories = NamedDependency[CategoryService]
Facets = NamedDependency[FacetService]
ProductCategories = NamedDependency[ProductCategoryService]
Images = NamedDependency[ImageService]
Uploads = NamedDependency[ImageUploads]

DEPENDENCIES = {
    "products": Provide(provide_products, sync_to_thread=False),
    "variants": Provide(provide_variants, sync_to_thread=False),
    "options": Provide(provide_options, sync_to_thread=False),
    "stock": Provide(provide_stock, sync_to_thread=False),
    "categories": Provide(provide_categories, sync_to_thread=False),
    "facets": Provide(provide_facets, sync_to_thread=False),
    "product_categories": Provide(provide_product_categories, sync_to_thread=False),
    "images": Provide(provide_images, sync_to_thread=False),
    "image_uploads": Provide(provide_image_uploads, sync_to_thread=False),
}
