"""Images of products: requests and responses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.models import Image, ImageStatus, Rendition
from app.schemas.base import Change, Schema, omitted, unchanged
from app.schemas.fields import WHOLE, Natural, Ordinal, Text
from app.settings import get_settings
from app.tables.products.images import MAX_IMAGES

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_URL = "/media/3f/a0/3fa0" + "0" * 60 + ".webp"
_RENDITION = {"width": 320, "height": 213, "url": _URL}
_MAX_RENDITIONS = 4
_MAX_URL_LENGTH = 2_000

Alt = Annotated[Text, Field(max_length=200)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$", max_length=7)]
Side = Annotated[int, Field(ge=1, le=16_383)]
Position = Annotated[int, Field(strict=True, ge=1, le=MAX_IMAGES), WHOLE]


def _different(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) < len(ids):
        raise ValueError("must not name an image twice")
    return ids


class RenditionRead(Schema):
    """An image in one width."""

    width: Side = Field(description="The width in pixels.", examples=[320])
    height: Side = Field(description="The height in pixels.", examples=[213])
    url: str = Field(
        max_length=_MAX_URL_LENGTH,
        description="The address of the file, a WebP; it never changes.",
        examples=[_URL],
    )


class ProductImage(Schema):
    """The first image, as products show it."""

    alt: Alt = Field(description="What the image shows, in words; may be empty.", examples=["Tea"])
    width: Side = Field(description="The width of the original in pixels.", examples=[900])
    height: Side = Field(description="The height of the original in pixels.", examples=[600])
    colour: Colour = Field(
        description="The average colour, to be shown until the image is loaded.",
        examples=["#c7b299"],
    )
    renditions: list[RenditionRead] = Field(
        max_length=_MAX_RENDITIONS,
        description="The image in its widths, the smallest first.",
        examples=[[_RENDITION]],
    )

    @classmethod
    def of_stored(cls, stored: dict[str, Any]) -> Self:
        """Return an image in the form that is stored with its product."""
        return cls.model_validate(stored | {"renditions": list(map(_read, stored["renditions"]))})


class ImageRead(Schema):
    """An image of a product in a response."""

    id: UUID = Field(description="The image's id (UUIDv7).", examples=[_ID])
    product_id: UUID = Field(description="The product.", examples=[_ID])
    position: Ordinal = Field(description="The position among the product's images.", examples=[1])
    alt: Alt = Field(description="What the image shows, in words; may be empty.", examples=["Tea"])
    status: Literal["waiting", "ready", "refused"] = Field(
        description="Whether the image waits to be rendered, is shown to the public, or cannot be "
        "rendered.",
        examples=["ready"],
    )
    reason: str = omitted(
        max_length=200, description="Why the image is refused.", examples=["the image is damaged"]
    )
    width: Side = Field(description="The width of the original in pixels.", examples=[900])
    height: Side = Field(description="The height of the original in pixels.", examples=[600])
    colour: Colour = omitted(
        description="The average colour, to be shown until the image is loaded; absent before it "
        "is ready.",
        examples=["#c7b299"],
    )
    renditions: list[RenditionRead] = Field(
        max_length=_MAX_RENDITIONS,
        description="The image in its widths, the smallest first: 96, 320, 640 and 1280 pixels, "
        "up to its own width, or less if it is more than twice as high as wide; empty before it "
        "is ready.",
        examples=[[_RENDITION]],
    )
    original_type: str = Field(
        max_length=20, description="The type of the uploaded file.", examples=["image/jpeg"]
    )
    original_bytes: Natural = Field(
        description="The size of the uploaded file in bytes.", examples=[482_113]
    )
    created_at: datetime = Field(
        description="When the image was uploaded (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])

    @classmethod
    def of(cls, image: Image, renditions: Sequence[Rendition]) -> Self:
        """Return an image with its renditions."""
        is_ready = image.status is ImageStatus.READY
        its = {
            name: value
            for name in cls.model_fields.keys() - {"renditions"}
            if (value := getattr(image, name)) is not None
        }
        shown = [_read(stored_rendition(each)) for each in renditions] if is_ready else []
        return cls(renditions=shown, **its)


class ImageList(Schema):
    """The images of a product."""

    items: list[ImageRead] = Field(
        max_length=MAX_IMAGES, description="The images in their order.", examples=[[]]
    )


class ImageQuery(Schema):
    """What a list of images includes."""

    include: Literal["all"] | None = Field(
        default=None,
        description="With `all`, also the images that wait or are refused: for staff, and API "
        "keys with `products:read`.",
        examples=["all"],
    )

    @property
    def includes_all(self) -> bool:
        """Whether images that the public does not see are requested."""
        return self.include == "all"


class ImageUpload(Schema):
    """The description of an uploaded file."""

    alt: Alt = Field(
        default="", description="What the image shows, in words.", examples=["A pot of tea"]
    )


class ImageChange(Change):
    """A change of an image."""

    alt: Alt = unchanged(description="What the image shows, in words.", examples=["A cup of tea"])
    position: Position = unchanged(
        description="The position among the product's images; the others move.", examples=[1]
    )


class ImageOrder(Schema):
    """The order of the images of a product."""

    ids: Annotated[list[UUID], AfterValidator(_different)] = Field(
        max_length=MAX_IMAGES,
        description="All images of the product, the first one first.",
        examples=[[_ID]],
    )


def stored_rendition(rendition: Rendition) -> list[Any]:
    """Return a rendition in the form that is stored with its product."""
    return [rendition.width, rendition.height, rendition.key]


def _read(stored: list[Any]) -> RenditionRead:
    width, height, key = stored
    return RenditionRead(width=width, height=height, url=f"{get_settings().media_url}{key}")
