"""Tables of the images of products."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.tables.base import Base

__all__ = ["Image", "ImageStatus", "Rendition"]

MAX_IMAGES = 50
"""The maximum number of images of a product."""


class ImageStatus(StrEnum):
    """The status of an image."""

    # The file is being stored; the image is not visible.
    UPLOADING = "uploading"
    WAITING = "waiting"
    READY = "ready"
    REFUSED = "refused"
    # The files are being deleted; the image is not visible.
    REMOVED = "removed"


SHOWN = (ImageStatus.WAITING, ImageStatus.READY, ImageStatus.REFUSED)


class Image(Base):
    """An image of a product."""

    __tablename__ = "images"
    __table_args__ = (
        Index(None, "product_id", "position", "id"),
        # A repeated upload finds the image of the first one.
        Index(
            "uq_images_product_id",
            "product_id",
            "sha256",
            unique=True,
            postgresql_where=sql("status <> 'removed'"),
            sqlite_where=sql("status <> 'removed'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    position: Mapped[int] = mapped_column()
    alt: Mapped[str] = mapped_column(String(200))
    # The properties of the uploaded file.
    original_type: Mapped[str] = mapped_column(String(20))
    original_bytes: Mapped[int] = mapped_column()
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    # The dimensions in the correct orientation, which rendering applies.
    width: Mapped[int] = mapped_column()
    height: Mapped[int] = mapped_column()
    colour: Mapped[str | None] = mapped_column(String(7))
    status: Mapped[ImageStatus] = mapped_column()
    reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    renditions: Mapped[list["Rendition"]] = relationship(
        lazy="raise", order_by="Rendition.width", viewonly=True
    )

    @property
    def original_key(self) -> str:
        """The key of the uploaded file, which cannot be guessed from the public renditions."""
        name = sha256(self.id.bytes + self.sha256).hexdigest()
        return f"originals/{name[:2]}/{name[2:4]}/{name}"

    def rendition_key(self, content: bytes) -> str:
        """Return the key of a rendition of the image.

        No other image has the key, so that the file can be deleted with the image.
        """
        name = sha256(self.id.bytes + content).hexdigest()
        return f"{name[:2]}/{name[2:4]}/{name}.webp"


class Rendition(Base):
    """An image in one width."""

    __tablename__ = "renditions"

    image_id: Mapped[UUID] = mapped_column(ForeignKey("images.id"), primary_key=True)
    width: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    height: Mapped[int] = mapped_column()
    size_bytes: Mapped[int] = mapped_column()
    key: Mapped[str] = mapped_column(String(80))
