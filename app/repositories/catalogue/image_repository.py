"""Queries over the images of products."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import selectinload

from app.errors import ImageNotFound
from app.models import Image, ImageStatus, Rendition
from app.repositories.base import Repository
from app.tables.products.images import SHOWN


class ImageRepository(Repository[Image]):
    """Images that are visible, with their renditions."""

    model = Image
    not_found = ImageNotFound

    def query(self) -> Select[Image]:
        """Return the images whose files are stored and not being deleted."""
        return _whole().where(Image.status.in_(SHOWN))

    async def of_product(self, product_id: UUID) -> list[Image]:
        """Return the images of a product in their order, read again from the database."""
        query = (
            self.query()
            .where(Image.product_id == product_id)
            .order_by(Image.position, Image.id)
            .execution_options(populate_existing=True)
        )
        return list(await self.session.scalars(query))

    async def find(self, image_id: UUID) -> Image | None:
        """Return an image, even if it is not visible."""
        query = _whole().where(Image.id == image_id).execution_options(populate_existing=True)
        image: Image | None = await self.session.scalar(query)
        return image

    async def same(self, product_id: UUID, sha256: bytes) -> Image | None:
        """Return the image of a product that was uploaded with the same bytes, if there is one."""
        query = _whole().where(
            Image.product_id == product_id,
            Image.sha256 == sha256,
            Image.status != ImageStatus.REMOVED,
        )
        image: Image | None = await self.session.scalar(query)
        return image

    async def replace_renditions(self, image_id: UUID, renditions: Sequence[Rendition]) -> None:
        """Replace the renditions of an image."""
        await self._delete_renditions(image_id)
        self.session.add_all(renditions)
        await self.session.flush()

    async def delete_with_renditions(self, image_id: UUID) -> None:
        """Delete an image with its renditions."""
        await self._delete_renditions(image_id)
        await self.session.execute(delete(Image).where(Image.id == image_id))

    async def _delete_renditions(self, image_id: UUID) -> None:
        await self.session.execute(delete(Rendition).where(Rendition.image_id == image_id))


def _whole() -> Select[Image]:
    return select(Image).options(selectinload(Image.renditions))
