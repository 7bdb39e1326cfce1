"""The results of the work on an image after its upload: it is rendered, refused, or deleted."""

from collections.abc import Sequence
from uuid import UUID

from app.core.clock import Clock
from app.gateways.image_rendering import Rendering
from app.models import Image, ImageStatus, Rendition
from app.repositories.catalogue.image_repository import ImageRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.services.catalogue.images.image_service import ImageService

_MAX_REASON_LENGTH = 200


class ImageResults:
    """Records the work on images that was done outside of transactions."""

    def __init__(
        self,
        images: ImageRepository,
        products: ProductRepository,
        service: ImageService,
        clock: Clock,
    ) -> None:
        self._images = images
        self._products = products
        self._service = service
        self._clock = clock

    async def find(self, image_id: UUID) -> Image | None:
        """Return an image, even if it is not visible."""
        return await self._images.find(image_id)

    async def expect(self, image_id: UUID, renditions: Sequence[Rendition]) -> bool:
        """Record the files of an image before they are stored; return whether it still waits.

        The files are then deleted with the image in any case.
        """
        if await self._waiting(image_id) is None:
            return False
        await self._images.replace_renditions(image_id, renditions)
        return True

    async def publish(self, image_id: UUID, rendering: Rendering) -> None:
        """Show an image whose files are stored, if it still waits."""
        image = await self._waiting(image_id)
        if image is None:
            return
        image.width, image.height = rendering.width, rendering.height
        image.colour = rendering.colour
        await self._settle(image, ImageStatus.READY)

    async def refuse(self, image_id: UUID, reason: str) -> None:
        """Record why an image cannot be rendered, if it still waits."""
        image = await self._waiting(image_id)
        if image is None:
            return
        image.reason = reason[:_MAX_REASON_LENGTH]
        await self._settle(image, ImageStatus.REFUSED)

    async def delete(self, image_id: UUID) -> None:
        """Delete an image whose files are deleted."""
        await self._images.delete_with_renditions(image_id)

    async def _waiting(self, image_id: UUID) -> Image | None:
        """Return a waiting image, locked until the transaction ends."""
        image = await self._images.find(image_id)
        if image is None:
            return None
        await self._products.lock([image.product_id])
        image = await self._images.find(image_id)
        return image if image is not None and image.status is ImageStatus.WAITING else None

    async def _settle(self, image: Image, status: ImageStatus) -> None:
        image.status = status
        image.updated_at = self._clock.now()
        image.version += 1
        await self._images.flush()
        # A product that was archived meanwhile shows no image.
        if await self._products.existing([image.product_id]):
            await self._service.show_first(image.product_id)
