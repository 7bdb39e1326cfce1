"""Tables of price lists and their prices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

__all__ = ["Price", "PriceList"]

CODE_LENGTH = 64
"""The maximum length of the codes of price lists."""


class PriceList(Base):
    """A list of prices in one currency, which may apply for a period only."""

    __tablename__ = "price_lists"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("ends_at > starts_at", name="ends_at"),
        Index(
            "uq_price_lists_currency",
            "currency",
            unique=True,
            postgresql_where=sql("is_default"),
            sqlite_where=sql("is_default"),
        ),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(CODE_LENGTH))
    name: Mapped[str] = mapped_column(String(100))
    currency: Mapped[str] = mapped_column(String(3))
    # Whether the list has the ordinary prices of a currency other than the first one of the shop.
    is_default: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    starts_at: Mapped[datetime | None] = mapped_column()
    ends_at: Mapped[datetime | None] = mapped_column()
    # Whether the listed prices of products were derived while the list applied. If they are being
    # derived, they are up to date for the variants up to this id.
    is_listed: Mapped[bool] = mapped_column(default=False)
    listed_up_to: Mapped[UUID | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    # The list is deleted when the listed prices of products have been derived without it.
    archived_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    def applies_at(self, moment: datetime) -> bool:
        """Return whether the prices of the list apply at a moment."""
        return (
            self.is_active
            and self.archived_at is None
            and (self.starts_at is None or self.starts_at <= moment)
            and (self.ends_at is None or moment < self.ends_at)
        )


class Price(Base):
    """The price of a variant in a price list."""

    __tablename__ = "prices"
    __table_args__ = (
        CheckConstraint("amount_minor >= 0", name="amount_minor"),
        CheckConstraint("compare_at_minor > amount_minor", name="compare_at_minor"),
        Index(None, "variant_id"),
    )

    price_list_id: Mapped[UUID] = mapped_column(ForeignKey("price_lists.id"), primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(ForeignKey("variants.id"), primary_key=True)
    amount_minor: Mapped[int] = mapped_column()
    # A former or recommended price, to be shown next to the price.
    compare_at_minor: Mapped[int | None] = mapped_column()
