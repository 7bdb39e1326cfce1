"""Tables of products and the movements of their stock."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, object_session

from app.tables.base import Base, changes_of

__all__ = ["Availability", "MovementReason", "Product", "StockMovement", "availability_of"]

LOW_STOCK_AT = "low_stock_at"
"""The name under which a session has the setting."""
# They change without a change of what lists show.
_UNLISTED = {"stock_quantity", "updated_at", "source_version"}


class Availability(StrEnum):
    """What lists show of the stock of a product."""

    IN_STOCK = "in_stock"
    LOW = "low"
    OUT_OF_STOCK = "out_of_stock"


def availability_of(stock_quantity: int, low_stock_at: int) -> Availability:
    """Return what lists show of a stock; from `low_stock_at` units on it is low."""
    if stock_quantity <= 0:
        return Availability.OUT_OF_STOCK
    return Availability.LOW if stock_quantity <= low_stock_at else Availability.IN_STOCK


def changes_availability(before: int | None, after: int, low_stock_at: int | None) -> bool:
    """Return whether lists show another availability after a change; what is unknown differs."""
    if before is None or low_stock_at is None:
        return True
    return availability_of(before, low_stock_at) is not availability_of(after, low_stock_at)


class MovementReason(StrEnum):
    """Why the stock of a product changed."""

    SUPPLY = "supply"
    RETURN = "return"
    DAMAGE = "damage"
    STOCKTAKE = "stocktake"
    SALE = "sale"
    CANCELLATION = "cancellation"


class Product(Base):
    """A product that the shop sells."""

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("sku"),
        CheckConstraint("stock_quantity >= 0", name="stock_quantity"),
        CheckConstraint("price_minor >= 0", name="price_minor"),
        Index(None, "created_at", "id"),
        Index(None, "name", "id"),
        Index(None, "price_minor", "id"),
        Index(None, "category", "created_at", "id"),
        Index(None, "category", "name", "id"),
        Index(None, "category", "price_minor", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(100))
    price_minor: Mapped[int] = mapped_column()
    currency: Mapped[str] = mapped_column(String(3))
    stock_quantity: Mapped[int] = mapped_column()
    is_active: Mapped[bool] = mapped_column(default=True)
    # The highest version that a message contained; a message with a lower one changes nothing.
    source_version: Mapped[int | None] = mapped_column()
    # The normalised words of name, SKU, category and description, which the search index covers.
    search_text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    archived_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    @property
    def has_new_listing(self) -> bool:
        """Whether a flush changes what lists show of the product, until the flush has ended."""
        before, session = changes_of(self), object_session(self)
        if session is None or not before or not before.keys() <= _UNLISTED:
            return True
        if "stock_quantity" not in before:
            return False
        low_at = session.info.get(LOW_STOCK_AT)
        return changes_availability(before["stock_quantity"], self.stock_quantity, low_at)


class StockMovement(Base):
    """One change of a product's stock; rows are only added."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="quantity"),
        Index(None, "product_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int] = mapped_column()
    reason: Mapped[MovementReason] = mapped_column()
    source: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column()
