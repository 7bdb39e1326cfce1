"""Tables of products, their variants, and the movements of their stock."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.tables.base import Base, changes_of

__all__ = ["Availability", "MovementReason", "Product", "StockMovement", "Variant"]

LOW_STOCK_AT = "low_stock_at"
"""The name under which a session has the setting."""
MAX_OPTIONS = 3
"""The options that a product can have; a variant has a column for each."""
# They change without a change of what lists show.
_UNLISTED = {"updated_at", "source_version"}


class Availability(StrEnum):
    """What lists show of the stock of a product, the worst first."""

    OUT_OF_STOCK = "out_of_stock"
    BACKORDER = "backorder"
    LOW = "low"
    IN_STOCK = "in_stock"


def availability_of(variant: Any, low_stock_at: int, moved: int = 0) -> Availability:
    """Return what lists show of a variant whose stock moves by some units."""
    stock_quantity = variant.stock_quantity + moved
    if not variant.tracks_stock:
        return Availability.IN_STOCK
    if stock_quantity <= 0:
        allows = variant.allows_backorder
        return Availability.BACKORDER if allows else Availability.OUT_OF_STOCK
    low_at = low_stock_at if variant.low_stock_at is None else variant.low_stock_at
    return Availability.LOW if stock_quantity <= low_at else Availability.IN_STOCK


def best_of(words: Iterable[Availability]) -> Availability:
    """Return the best of the words of variants; without any, a product is out of stock."""
    order = list(Availability)
    return max(words, key=order.index, default=Availability.OUT_OF_STOCK)


class MovementReason(StrEnum):
    """Why the stock of a variant changed."""

    SUPPLY = "supply"
    RETURN = "return"
    DAMAGE = "damage"
    STOCKTAKE = "stocktake"
    SALE = "sale"
    CANCELLATION = "cancellation"


class Product(Base):
    """A product that the shop sells, in one variant or in several."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", name="price_minor"),
        CheckConstraint("variants_count >= 1", name="variants_count"),
        Index(None, "created_at", "id"),
        Index(None, "name", "id"),
        Index(None, "price_minor", "id"),
        Index(None, "category", "created_at", "id"),
        Index(None, "category", "name", "id"),
        Index(None, "category", "price_minor", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(100))
    # The names of the options, in the order of the columns of a variant.
    option_names: Mapped[list[str]] = mapped_column(JSON)
    # What lists show, filter and sort by, derived from the variants that are not archived: the SKU
    # of the first one, the lowest price, the best availability, and how many there are.
    sku: Mapped[str] = mapped_column(String(64))
    price_minor: Mapped[int] = mapped_column()
    availability: Mapped[Availability] = mapped_column()
    variants_count: Mapped[int] = mapped_column(default=1)
    currency: Mapped[str] = mapped_column(String(3))
    is_active: Mapped[bool] = mapped_column(default=True)
    # The highest version that a message contained; a message with a lower one changes nothing.
    source_version: Mapped[int | None] = mapped_column()
    # The normalised words that the search index covers.
    search_text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    archived_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    variants: Mapped[list["Variant"]] = relationship(
        lazy="raise",
        # Archived variants stay for the orders that name them.
        primaryjoin="and_(Product.id == Variant.product_id, Variant.archived_at.is_(None))",
        order_by="(Variant.position, Variant.id)",
        viewonly=True,
    )

    @property
    def has_new_listing(self) -> bool:
        """Whether a flush changes what lists show of the product, until the flush has ended."""
        before = changes_of(self)
        return not before or not before.keys() <= _UNLISTED


class Variant(Base):
    """What is sold of a product: one combination of its options, with a price and a stock.

    The first variant of a product has the id of the product.
    """

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("sku"),
        CheckConstraint("price_minor >= 0", name="price_minor"),
        CheckConstraint(
            "stock_quantity >= 0 OR allows_backorder OR NOT tracks_stock", name="stock_quantity"
        ),
        Index(
            "uq_variants_product_id",
            "product_id",
            "option1_key",
            "option2_key",
            "option3_key",
            unique=True,
            postgresql_where=sql("archived_at IS NULL"),
            sqlite_where=sql("archived_at IS NULL"),
        ),
        Index(
            "ix_variants_low_since",
            "low_since",
            "id",
            postgresql_where=sql("low_since IS NOT NULL"),
            sqlite_where=sql("low_since IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    position: Mapped[int] = mapped_column(default=1)
    sku: Mapped[str] = mapped_column(String(64))
    barcode: Mapped[str | None] = mapped_column(String(64))
    # The values of the product's options, empty where it has no such option; the keys compare them
    # without regard to case.
    option1: Mapped[str] = mapped_column(String(100), default="")
    option2: Mapped[str] = mapped_column(String(100), default="")
    option3: Mapped[str] = mapped_column(String(100), default="")
    option1_key: Mapped[str] = mapped_column(String(400), default="")
    option2_key: Mapped[str] = mapped_column(String(400), default="")
    option3_key: Mapped[str] = mapped_column(String(400), default="")
    price_minor: Mapped[int] = mapped_column()
    stock_quantity: Mapped[int] = mapped_column()
    tracks_stock: Mapped[bool] = mapped_column(default=True)
    allows_backorder: Mapped[bool] = mapped_column(default=False)
    # The stock at which it is low, if that is not the setting of the shop.
    low_stock_at: Mapped[int | None] = mapped_column()
    # Since when the stock is low, if it is.
    low_since: Mapped[datetime | None] = mapped_column()
    weight_grams: Mapped[int | None] = mapped_column()
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    archived_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)


class StockMovement(Base):
    """One change of a variant's stock; rows are only added."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="quantity"),
        Index(None, "variant_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(ForeignKey("variants.id"))
    quantity: Mapped[int] = mapped_column()
    reason: Mapped[MovementReason] = mapped_column()
    source: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column()


def product_of(variant_id: Any) -> Any:
    """Return the product of the variant that a column names."""
    return select(Variant.product_id).where(Variant.id == variant_id).scalar_subquery()
