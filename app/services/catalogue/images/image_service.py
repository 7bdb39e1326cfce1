"""The images of a product, in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import ImageNotFound, InvalidInput, ProductNotFound, TooManyImages
from app.gateways.image_header import ImageHeader
from app.models import Image, ImageStatus, Rendition
from app.repositories.catalogue.image_repository import ImageRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.image_schema import (
    ImageChange,
    ImageList,
    ImageOrder,
    ImageRead,
    stored_rendition,
)
from app.services.catalogue.catalogue_changes import CatalogueChanges
from app.services.preconditions import require_match
from app.services.system.errand_service import ErrandService
from app.tables.products.images import MAX_IMAGES

IMAGE = "image"
"""The errand that brings an image to its last state."""
# This is longer than an upload may take: after this time, an image without a stored file is
# removed.
_UPLOAD = timedelta(minutes=5)


class ImageService:
    """Returns, adds, changes, orders and removes the images of a product."""

    def __init__(
        self,
        images: ImageRepository,
        products: ProductRepository,
        changes: CatalogueChanges,
        errands: ErrandService,
        clock: Clock,
    ) -> None:
        self._images = images
        self._products = products
        self._changes = changes
        self._errands = errands
        self._clock = clock

    async def of_product(self, product_id: UUID, *, includes_all: bool = False) -> ImageList:
        """Return the images of a product that are ready, or all of them.

        Raises:
            ProductNotFound: the product does not exist.
        """
        await self._require_product(product_id)
        images = await self._images.of_product(product_id)
        shown = [each for each in images if includes_all or each.status is ImageStatus.READY]
        return ImageList(items=[_read(each) for each in shown])

    async def get(self, product_id: UUID, image_id: UUID) -> ImageRead:
        """Return an image.

        Raises:
            ProductNotFound, ImageNotFound: the product or the image does not exist.
        """
        await self._require_product(product_id)
        return _read(await self._get(product_id, image_id))

    async def require_room(self, product_id: UUID) -> None:
        """Require that a product can have another image.

        Raises:
            ProductNotFound, TooManyImages: the product cannot have another image.
        """
        await self._require_product(product_id)
        _require_room(await self._images.of_product(product_id))

    async def begin(
        self, product_id: UUID, header: ImageHeader, size: int, sha256: bytes, alt: str
    ) -> Image:
        """Add an image, whose file is stored later, or return the image that has the same file.

        Raises:
            ProductNotFound, TooManyImages: nothing is added.
        """
        await self._products.get(product_id, lock=True)
        same = await self._images.same(product_id, sha256)
        if same is not None:
            return same
        others = await self._images.of_product(product_id)
        _require_room(others)
        now = self._clock.now()
        image = Image(
            id=new_id(now),
            product_id=product_id,
            position=1 + max((each.position for each in others), default=0),
            alt=alt,
            original_type=header.media_type,
            original_bytes=size,
            sha256=sha256,
            width=header.width,
            height=header.height,
            status=ImageStatus.UPLOADING,
            created_at=now,
            updated_at=now,
            version=1,
        )
        await self._images.add(image)
        await self._errands.put(IMAGE, image.id, now + _UPLOAD)
        return image

    async def finish(self, product_id: UUID, image_id: UUID) -> ImageRead:
        """Let an image be rendered whose file is stored.

        Raises:
            ProductNotFound, ImageNotFound: the product or the image was removed meanwhile.
        """
        await self._products.get(product_id, lock=True)
        image = await self._images.find(image_id)
        if image is None or image.status is ImageStatus.REMOVED:
            raise ImageNotFound.of(image_id)
        if image.status is ImageStatus.UPLOADING:
            others = await self._images.of_product(product_id)
            image.position = 1 + max((each.position for each in others), default=0)
            image.status = ImageStatus.WAITING
            await self._errands.put(IMAGE, image.id)
            await self._images.flush()
        return _read(image)

    async def change(
        self, product_id: UUID, image_id: UUID, change: ImageChange, if_match: str | None
    ) -> ImageRead:
        """Change the alternative text of an image, or its position.

        Raises:
            ProductNotFound, ImageNotFound, PreconditionFailed: nothing is changed.
        """
        await self._products.get(product_id, lock=True)
        image = await self._get(product_id, image_id)
        require_match(if_match, _read(image))
        changes, now, version = change.changes(), self._clock.now(), image.version
        if "position" in changes:
            others = await self._images.of_product(product_id)
            others.remove(image)
            others.insert(changes["position"] - 1, image)
            _number(others, now)
        image.alt = changes.get("alt", image.alt)
        image.updated_at = now
        image.version = version + 1
        await self._images.flush()
        await self.show_first(product_id)
        return _read(image)

    async def order(
        self, product_id: UUID, order: ImageOrder, if_match: str | None = None
    ) -> ImageList:
        """Put the images of a product into an order.

        Raises:
            ProductNotFound: the product does not exist.
            PreconditionFailed: the images have changed since the caller read them.
            InvalidInput: the ids are not those of all images of the product.
        """
        await self._products.get(product_id, lock=True)
        by_id = {each.id: each for each in await self._images.of_product(product_id)}
        require_match(if_match, ImageList(items=[_read(each) for each in by_id.values()]))
        if by_id.keys() != set(order.ids):
            raise InvalidInput.in_body(("#/ids", "must name all images of the product"))
        ordered = [by_id[each] for each in order.ids]
        _number(ordered, self._clock.now())
        await self._images.flush()
        await self.show_first(product_id)
        return ImageList(items=[_read(each) for each in ordered])

    async def remove(self, product_id: UUID, image_id: UUID, if_match: str | None = None) -> None:
        """Remove an image; its files are deleted after the commit.

        Raises:
            ProductNotFound, ImageNotFound: the product or the image does not exist.
            PreconditionFailed: the resource has changed since the caller read it.
        """
        await self._products.get(product_id, lock=True)
        image = await self._get(product_id, image_id)
        require_match(if_match, _read(image))
        image.status = ImageStatus.REMOVED
        await self._errands.put(IMAGE, image.id)
        await self._images.flush()
        await self.show_first(product_id)

    async def show_first(self, product_id: UUID) -> None:
        """Derive the listed image of a locked product, and announce a change."""
        product = await self._products.get(product_id)
        variants = list(product.variants)
        images = await self._images.of_product(product_id)
        ready = next((each for each in images if each.status is ImageStatus.READY), None)
        shown = None if ready is None else _shown(ready, ready.renditions)
        if product.image != shown:
            product.image = shown
            await self._changes.store(product, variants, {}, self._clock.now())

    async def _require_product(self, product_id: UUID) -> None:
        if not await self._products.existing([product_id]):
            raise ProductNotFound.of(product_id)

    async def _get(self, product_id: UUID, image_id: UUID) -> Image:
        image = await self._images.get(image_id)
        if image.product_id != product_id:
            raise ImageNotFound.of(image_id)
        return image


def _require_room(images: Sequence[Image]) -> None:
    if len(images) >= MAX_IMAGES:
        raise TooManyImages(f"a product can have {MAX_IMAGES} images", max_images=MAX_IMAGES)


def _number(images: Sequence[Image], now: datetime) -> None:
    for position, image in enumerate(images, start=1):
        if image.position != position:
            image.position = position
            image.updated_at = now
            image.version += 1


def _read(image: Image) -> ImageRead:
    return ImageRead.of(image, image.renditions)


def _shown(image: Image, renditions: Sequence[Rendition]) -> dict[str, object]:
    return {
        "alt": image.alt,
        "width": image.width,
        "height": image.height,
        "colour": image.colour,
        "renditions": [stored_rendition(each) for each in renditions],
    }
