"""Tables of products, their categories, and the movements of their stock."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, object_session

from app.tables.base import Base, changes_of

__all__ = [
    "Availability",
    "Category",
    "CategoryRedirect",
    "CategoryTree",
    "MovementReason",
    "Product",
    "ProductCategory",
    "StockMovement",
    "availability_of",
]

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
        Index(None, "primary_category_id", "created_at", "id"),
        Index(None, "primary_category_id", "name", "id"),
        Index(None, "primary_category_id", "price_minor", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    # The name of the primary category, which its renaming changes too.
    category: Mapped[str] = mapped_column(String(100))
    # None only for what the release before the tree has written: `CategoryService.adopt` sets it.
    # It is not loaded: lists do not show it, and an id for each product costs them 3 %.
    primary_category_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("categories.id"), deferred=True
    )
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


# Paths are compared byte by byte, so that one range contains what is below a category.
_PATH = String(400).with_variant(String(400, collation="C"), "postgresql")


class Category(Base):
    """A category of the tree; `parent_id` is the truth, and `path` and `depth` follow from it."""

    __tablename__ = "categories"
    __table_args__ = (
        UniqueConstraint("path"),
        UniqueConstraint("parent_id", "slug"),
        CheckConstraint("depth BETWEEN 1 AND 6", name="depth"),
        Index(None, "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("categories.id"))
    slug: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    # The slugs from the top, each with a "/" after it.
    path: Mapped[str] = mapped_column(_PATH)
    depth: Mapped[int] = mapped_column()
    is_active: Mapped[bool] = mapped_column(default=True)
    seo_title: Mapped[str] = mapped_column(String(200), default="")
    seo_description: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)


class ProductCategory(Base):
    """A further category of a product; the primary one is a column of the product."""

    __tablename__ = "product_categories"
    __table_args__ = (Index(None, "category_id", "product_id"),)

    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"), primary_key=True)
    category_id: Mapped[UUID] = mapped_column(ForeignKey("categories.id"), primary_key=True)
    position: Mapped[int] = mapped_column()


class CategoryRedirect(Base):
    """A path that a category had, and the category that it leads to."""

    __tablename__ = "category_redirects"
    __table_args__ = (Index(None, "category_id"),)

    path: Mapped[str] = mapped_column(_PATH, primary_key=True)
    category_id: Mapped[UUID] = mapped_column(ForeignKey("categories.id"))
    created_at: Mapped[datetime] = mapped_column()


class CategoryTree(Base):
    """The state of the tree: another one after each change of what a category contains."""

    __tablename__ = "category_tree"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[UUID] = mapped_column()
