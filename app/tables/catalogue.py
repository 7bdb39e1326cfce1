"""Tables of products and the movements of their stock."""

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

__all__ = ["MovementReason", "Product", "StockMovement"]

_WORD = re.compile(r"\w+")
# PostgreSQL ignores words of more than 2,046 bytes, in the index and in queries.
_LONGEST_WORD = 255


def search_words(content: str) -> list[str]:
    """Return the words of a text as the search compares them: without case and accents."""
    letters = content.casefold()
    if not letters.isascii():
        # Folded again: decomposed characters may contain capitals.
        apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letters).casefold())
        # A number that is not a digit is part of a word on SQLite, but separates words on
        # PostgreSQL.
        letters = "".join(
            " " if unicodedata.category(each) == "No" else each
            for each in apart
            if not unicodedata.combining(each)
        )
    return [word[:_LONGEST_WORD] for word in _WORD.findall(letters.replace("_", " "))]


def search_text(*contents: str) -> str:
    """Return the text for the search index of a product with these texts."""
    return " ".join(word for content in contents for word in search_words(content))


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
