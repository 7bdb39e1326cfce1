"""Tables of shipping methods and their rates."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.tables.base import Base

__all__ = ["ShippingMethod", "ShippingRate"]


class ShippingMethod(Base):
    """A shipping method, with the places to which it ships."""

    __tablename__ = "shipping_methods"
    __table_args__ = (
        CheckConstraint("min_days >= 0", name="min_days"),
        CheckConstraint("max_days >= min_days", name="max_days"),
        CheckConstraint("max_weight_grams >= 0", name="max_weight_grams"),
        Index(None, "position", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text, default="")
    carrier: Mapped[str] = mapped_column(String(100), default="")
    # Each list is empty if it excludes no place.
    countries: Mapped[list[str]] = mapped_column(JSON, default=list)
    regions: Mapped[list[str]] = mapped_column(JSON, default=list)
    excluded_postal_prefixes: Mapped[list[str]] = mapped_column(JSON, default=list)
    # The tax class, or None if shipping is taxed by the rates of the goods, in proportion to them.
    tax_class: Mapped[str | None] = mapped_column(String(32))
    min_days: Mapped[int | None] = mapped_column()
    max_days: Mapped[int | None] = mapped_column()
    max_weight_grams: Mapped[int | None] = mapped_column()
    is_pickup: Mapped[bool] = mapped_column(default=False)
    counts_before_discounts: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)
    rates: Mapped[list["ShippingRate"]] = relationship(
        lazy="selectin",
        cascade="all, delete-orphan",
        order_by="(ShippingRate.currency, ShippingRate.from_weight_grams, "
        "ShippingRate.from_subtotal_minor)",
    )


class ShippingRate(Base):
    """The price of a shipping method in a currency, from a weight and a price of the goods on."""

    __tablename__ = "shipping_rates"
    __table_args__ = (
        CheckConstraint("from_weight_grams >= 0", name="from_weight_grams"),
        CheckConstraint("from_subtotal_minor >= 0", name="from_subtotal_minor"),
        CheckConstraint("amount_minor >= 0", name="amount_minor"),
    )

    method_id: Mapped[UUID] = mapped_column(ForeignKey("shipping_methods.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    from_weight_grams: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_subtotal_minor: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount_minor: Mapped[int] = mapped_column()
