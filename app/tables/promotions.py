"""Tables of promotions, their coupons, and the orders that used them."""

import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.pricing.terms import Effect
from app.tables.base import Base

__all__ = ["Coupon", "Promotion", "Redemption", "Trigger"]

CODE_LENGTH = 64
# NFKC and case folding can make a text 18 times as long.
_KEY_LENGTH = 18 * CODE_LENGTH
_CUSTOMER_LENGTH = 1000


def code_key(given: str) -> str:
    """Return the key by which codes are compared: NFKC, case-folded, only visible characters."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", given).casefold())
    return "".join(each for each in folded if unicodedata.category(each)[0] not in "CZ")


class Trigger(StrEnum):
    """The event that makes a promotion apply."""

    AUTOMATIC = "automatic"
    CODE = "code"


class Promotion(Base):
    """A discount on carts, and its conditions."""

    __tablename__ = "promotions"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_at"),
        CheckConstraint("usage_limit > 0", name="usage_limit"),
        CheckConstraint("per_customer_limit > 0", name="per_customer_limit"),
        CheckConstraint("used >= 0", name="used"),
        CheckConstraint("used <= usage_limit", name="used_limit"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    label: Mapped[str] = mapped_column(String(100))
    trigger: Mapped[Trigger] = mapped_column()
    effect: Mapped[Effect] = mapped_column()
    percent_ppm: Mapped[int | None] = mapped_column()
    # The amounts are in minor units, by currency.
    amounts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # The units of a bundle that are paid in full, and those that are reduced.
    buys: Mapped[int | None] = mapped_column()
    gets: Mapped[int | None] = mapped_column()
    combines: Mapped[bool] = mapped_column(default=True)
    priority: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    starts_at: Mapped[datetime | None] = mapped_column()
    ends_at: Mapped[datetime | None] = mapped_column()
    # The amounts are in minor units, by currency; if there are any, no cart in another currency
    # fits.
    min_subtotals: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    min_quantity: Mapped[int | None] = mapped_column()
    # The lists contain ids as text. Each list is empty if it excludes nothing.
    category_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    product_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    countries: Mapped[list[str]] = mapped_column(JSON, default=list)
    first_order_only: Mapped[bool] = mapped_column(default=False)
    usage_limit: Mapped[int | None] = mapped_column()
    per_customer_limit: Mapped[int | None] = mapped_column()
    # The number of redemptions that were not undone.
    used: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    archived_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)


class Coupon(Base):
    """A code that makes a promotion apply."""

    __tablename__ = "coupons"
    __table_args__ = (
        UniqueConstraint("code_key"),
        CheckConstraint("usage_limit > 0", name="usage_limit"),
        CheckConstraint("used >= 0", name="used"),
        CheckConstraint("used <= usage_limit", name="used_limit"),
        Index(None, "promotion_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    promotion_id: Mapped[UUID] = mapped_column(ForeignKey("promotions.id"))
    code: Mapped[str] = mapped_column(String(CODE_LENGTH))
    code_key: Mapped[str] = mapped_column(String(_KEY_LENGTH))
    usage_limit: Mapped[int | None] = mapped_column()
    # The number of its redemptions that were not undone.
    used: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)


class Redemption(Base):
    """The use of a promotion by an order; rows are never deleted."""

    __tablename__ = "redemptions"
    __table_args__ = (
        Index(None, "promotion_id", "customer_key"),
        Index(None, "coupon_id"),
        Index(None, "customer_key"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    promotion_id: Mapped[UUID] = mapped_column(ForeignKey("promotions.id"), primary_key=True)
    coupon_id: Mapped[UUID | None] = mapped_column(ForeignKey("coupons.id"))
    # The id of a user, or the key of a guest's e-mail address.
    customer_key: Mapped[str] = mapped_column(String(_CUSTOMER_LENGTH))
    amount_minor: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    # When the order was cancelled, which undid the use.
    undone_at: Mapped[datetime | None] = mapped_column()
