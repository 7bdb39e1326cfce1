"""Tables of products, their variants, categories and stock movements."""

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
    inspect,
    select,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from app.tables.base import Base, changes_of
from app.tables.products.offers import Offer, offer_of

__all__ = [
    "Availability",
    "Category",
    "CategoryRedirect",
    "CategoryTree",
    "MovementReason",
    "Product",
    "ProductCategory",
    "StockMovement",
    "Variant",
]

LOW_STOCK_AT = "low_stock_at"
"""The name under which a session holds the setting."""
_FACETED = ("availability", "price_minor", "primary_category_id", "id")
# The key of the price that is read with a variant, next to its columns.
_LISTED = "listed_offer"
# These columns can change without a change of a listing.
_UNLISTED = {"updated_at", "source_version"}


class Availability(StrEnum):
    """The availability of a product in lists, the worst first."""

    OUT_OF_STOCK = "out_of_stock"
    BACKORDER = "backorder"
    LOW = "low"
    IN_STOCK = "in_stock"


def availability_of(variant: Any, low_stock_at: int, moved: int = 0) -> Availability:
    """Return the availability of a variant whose stock changes by some units."""
    stock_quantity = variant.stock_quantity + moved
    if not variant.tracks_stock:
        return Availability.IN_STOCK
    if stock_quantity <= 0:
        return Availability.OUT_OF_STOCK if is_limited(variant) else Availability.BACKORDER
    is_low = stock_quantity <= threshold_of(variant, low_stock_at)
    return Availability.LOW if is_low else Availability.IN_STOCK


def is_limited(variant: Any) -> bool:
    """Return whether orders of a variant are limited to its stock."""
    return bool(variant.tracks_stock and not variant.allows_backorder)


def threshold_of(variant: Any, low_stock_at: int) -> int:
    """Return the stock at which a variant is low."""
    own: int | None = variant.low_stock_at
    return low_stock_at if own is None else own


def best_of(words: Iterable[Availability]) -> Availability:
    """Return the best of the availabilities of variants; without any, a product is out of stock."""
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
        Index(None, "primary_category_id", "created_at", "id"),
        Index(None, "primary_category_id", "name", "id"),
        Index(None, "primary_category_id", "price_minor", "id"),
        # Facets are counted from this index alone.
        Index(
            "ix_products_facets",
            *_FACETED,
            postgresql_where=sql("archived_at IS NULL AND is_active"),
        ).ddl_if(dialect="postgresql"),
        # SQLite reads the table for columns that are not in the index, even those of its condition.
        # For PostgreSQL, such an index would be so wide that it reads the table instead.
        Index(
            "ix_products_facets_covering",
            *_FACETED,
            "is_active",
            "archived_at",
            sqlite_where=sql("archived_at IS NULL AND is_active = 1"),
        ).ddl_if(dialect="sqlite"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    # The name of the primary category; renaming the category changes it, too.
    category: Mapped[str] = mapped_column(String(100))
    tax_class: Mapped[str] = mapped_column(
        String(32), default="standard", server_default="standard"
    )
    # This is None only for archived products whose category was deleted. It is not loaded: lists do
    # not show it, and an id for each product would take them 3 % more time.
    primary_category_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("categories.id"), deferred=True
    )
    # The names of the options, in the order of the columns of a variant.
    option_names: Mapped[list[str]] = mapped_column(JSON)
    # The columns that lists show, filter and sort by, derived from the variants that are not
    # archived: the SKU of the first one, the lowest price and its price list, the best
    # availability, and their number.
    sku: Mapped[str] = mapped_column(String(64))
    price_minor: Mapped[int] = mapped_column()
    compare_at_minor: Mapped[int | None] = mapped_column()
    price_source: Mapped[str | None] = mapped_column(String(64))
    availability: Mapped[Availability] = mapped_column()
    variants_count: Mapped[int] = mapped_column(default=1)
    # The first image as lists show it, derived from the images that are ready.
    image: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    currency: Mapped[str] = mapped_column(String(3))
    is_active: Mapped[bool] = mapped_column(default=True)
    # The highest version that a message contained; a message with a lower one changes nothing.
    source_version: Mapped[int | None] = mapped_column()
    # The normalised words of the search index, and those of them with a higher weight: first name,
    # SKUs and barcodes, then the values of options and the category. Lists do not show them.
    search_text: Mapped[str] = mapped_column(Text, deferred=True, deferred_group="words")
    search_names: Mapped[str] = mapped_column(
        Text, default="", deferred=True, deferred_group="words"
    )
    search_options: Mapped[str] = mapped_column(
        Text, default="", deferred=True, deferred_group="words"
    )
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    archived_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    variants: Mapped[list["Variant"]] = relationship(
        lazy="raise",
        # Archived variants are kept for the orders that refer to them.
        primaryjoin="and_(Product.id == Variant.product_id, Variant.archived_at.is_(None))",
        order_by="(Variant.position, Variant.id)",
        viewonly=True,
    )

    @property
    def has_new_listing(self) -> bool:
        """Whether a running flush changes the listing of the product."""
        before = changes_of(self)
        return not before or not before.keys() <= _UNLISTED


class Variant(Base):
    """A variant of a product: one combination of its options, with a price and a stock.

    The first variant of a product has the id of the product.
    """

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("sku"),
        CheckConstraint("price_minor >= 0", name="price_minor"),
        CheckConstraint("compare_at_minor > price_minor", name="compare_at_minor"),
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
    # A former or recommended price, which a storefront shows next to the lower one.
    compare_at_minor: Mapped[int | None] = mapped_column()
    stock_quantity: Mapped[int] = mapped_column()
    tracks_stock: Mapped[bool] = mapped_column(default=True)
    allows_backorder: Mapped[bool] = mapped_column(default=False)
    # The stock at which the variant is low, if not that of the settings.
    low_stock_at: Mapped[int | None] = mapped_column()
    # Since when the stock is low, if it is.
    low_since: Mapped[datetime | None] = mapped_column()
    weight_grams: Mapped[int | None] = mapped_column()
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    archived_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    @property
    def listed(self) -> Offer | None:
        """The lowest current price of the variant in price lists, if it has been read."""
        return self.__dict__.get(_LISTED)

    @listed.setter
    def listed(self, offer: Offer | None) -> None:
        """Keep the lowest current price of the variant in price lists."""
        self.__dict__[_LISTED] = offer

    @property
    def offer(self) -> Offer:
        """The price of one unit: the lowest one of the price lists, or its own if none is lower.

        Raises:
            RuntimeError: the variant is stored, and its prices in price lists have not been read.
        """
        if _LISTED not in self.__dict__ and inspect(self).persistent:
            raise RuntimeError(f"the prices of variant {self.id} have not been read")
        return offer_of(self, self.listed)


def product_of(variant_id: Any) -> Any:
    """Return the product of the variant that a column names."""
    return select(Variant.product_id).where(Variant.id == variant_id).scalar_subquery()


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

    product_id: Mapped[UUID] = column_property(product_of(variant_id))


# Paths are compared byte by byte, so that one range contains the descendants of a category.
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
    """A former path of a category, and the category to which it redirects."""

    __tablename__ = "category_redirects"
    __table_args__ = (Index(None, "category_id"),)

    path: Mapped[str] = mapped_column(_PATH, primary_key=True)
    category_id: Mapped[UUID] = mapped_column(ForeignKey("categories.id"))
    created_at: Mapped[datetime] = mapped_column()


class CategoryTree(Base):
    """The state of the tree, which is replaced after each change of what a category contains."""

    __tablename__ = "category_tree"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[UUID] = mapped_column()
