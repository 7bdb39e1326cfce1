"""Builds the services of the images of products."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.catalogue.image_repository import ImageRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.services.catalogue.images.image_results import ImageResults
from app.services.catalogue.images.image_service import ImageService
from app.services.catalogue.images.image_uploads import ImageUploads
from app.wiring.areas.catalogue import provide_changes
from app.wiring.areas.system import provide_errands
from app.wiring.resources import Shop


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
    """Return what records what was done for images."""
    return ImageResults(
        ImageRepository(session),
        ProductRepository(session),
        provide_images(session, shop),
        shop.clock,
    )


def provide_image_uploads(shop: NamedDependency[Shop]) -> ImageUploads:
    """Return what takes image files."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[ImageService]:
        async with shop.database.write() as session:
            yield provide_images(session, shop)

    @asynccontextmanager
    async def look() -> AsyncIterator[ImageService]:
        async with shop.database.read() as session:
            yield provide_images(session, shop)

    return ImageUploads(begin, look, shop.files)


Images = NamedDependency[ImageService]
Uploads = NamedDependency[ImageUploads]

DEPENDENCIES = {
    "images": Provide(provide_images, sync_to_thread=False),
    "image_uploads": Provide(provide_image_uploads, sync_to_thread=False),
}
