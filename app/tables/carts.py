"""Tables of carts and of drafts of orders, which store no amounts to be paid."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.core.email_addresses import address_key
from app.core.limits import MAX_LINE_QUANTITY
from app.core.vat.numbers import MAX_VAT_NUMBER
from app.tables.base import Base
from app.tables.shipping import ShippingMethod

__all__ = ["Cart", "CartLine", "OrderDraft"]


class Cart(Base):
    """The cart of a user, or of a guest who has its token."""

    __tablename__ = "carts"
    __table_args__ = (
        Index(
            "uq_carts_user_id",
            "user_id",
            unique=True,
            postgresql_where=sql("user_id IS NOT NULL AND order_id IS NULL"),
            sqlite_where=sql("user_id IS NOT NULL AND order_id IS NULL"),
        ),
        Index(
            "uq_carts_order_id",
            "order_id",
            unique=True,
            postgresql_where=sql("order_id IS NOT NULL"),
            sqlite_where=sql("order_id IS NOT NULL"),
        ),
        Index(None, "touched_at"),
        Index(
            "ix_carts_merged_into_id",
            "merged_into_id",
            postgresql_where=sql("merged_into_id IS NOT NULL"),
            sqlite_where=sql("merged_into_id IS NOT NULL"),
        ),
        Index(
            "ix_carts_email_key",
            "email_key",
            postgresql_where=sql("email_key IS NOT NULL"),
            sqlite_where=sql("email_key IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # SHA-256 of the token of a guest; a user's own cart has none.
    token_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    currency: Mapped[str] = mapped_column(String(3))
    email: Mapped[str | None] = mapped_column(String(320))
    # The data of a guest are found by this key, which follows from the address.
    email_key: Mapped[str | None] = mapped_column(String(1000))
    delivery_address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    billing_address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # This is not a foreign key: a method that was deleted is reported as unfit.
    shipping_method_id: Mapped[UUID | None] = mapped_column()
    # The codes are stored as the customer has entered them, in this order.
    codes: Mapped[list[str]] = mapped_column(JSON, default=list)
    vat_number: Mapped[str | None] = mapped_column(String(MAX_VAT_NUMBER))
    note: Mapped[str] = mapped_column(Text, default="")
    locale: Mapped[str] = mapped_column(String(35), default="")
    # The cart that has taken over the lines, since a user claimed this one.
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"))
    # The order that was placed from the cart, unless it was cancelled. This is not a foreign key:
    # orders stay, and SQLite could not drop a column that refers to them.
    order_id: Mapped[UUID | None] = mapped_column()
    # When the customer last changed the cart.
    touched_at: Mapped[datetime] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    shipping_method: Mapped[ShippingMethod | None] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin="foreign(Cart.shipping_method_id) == ShippingMethod.id",
    )

    @validates("email")
    def _set_key(self, _name: str, email: str | None) -> str | None:
        self.email_key = None if email is None else address_key(email)
        return email

    def touch(self, at: datetime) -> None:
        """Record that the customer has changed the cart or its lines."""
        self.touched_at = self.updated_at = at
        self.version += 1


class CartLine(Base):
    """A line of a cart; a variant has at most one line."""

    __tablename__ = "cart_lines"
    __table_args__ = (
        CheckConstraint(f"quantity BETWEEN 1 AND {MAX_LINE_QUANTITY}", name="quantity"),
    )

    cart_id: Mapped[UUID] = mapped_column(
        ForeignKey("carts.id", ondelete="CASCADE"), primary_key=True
    )
    variant_id: Mapped[UUID] = mapped_column(ForeignKey("variants.id"), primary_key=True)
    position: Mapped[int] = mapped_column()
    quantity: Mapped[int] = mapped_column()
    # The price of one unit when the customer last changed the line, to report a changed price.
    seen_minor: Mapped[int | None] = mapped_column()


class OrderDraft(Base):
    """An order that staff writes for a customer, with its own prices and discounts."""

    __tablename__ = "order_drafts"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "updated_at"),
        Index(
            "ix_order_drafts_user_id",
            "user_id",
            postgresql_where=sql("user_id IS NOT NULL"),
            sqlite_where=sql("user_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # None for a customer without an account.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str | None] = mapped_column(String(320))
    currency: Mapped[str] = mapped_column(String(3))
    # These are documents and not rows: they are replaced as a whole, and no query filters by them.
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    discounts: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    delivery_address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    billing_address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # This is not a foreign key, as in carts.
    shipping_method_id: Mapped[UUID | None] = mapped_column()
    # The price of shipping that replaces the price of the method.
    shipping_price_minor: Mapped[int | None] = mapped_column()
    vat_number: Mapped[str | None] = mapped_column(String(MAX_VAT_NUMBER))
    note: Mapped[str] = mapped_column(Text, default="")
    locale: Mapped[str] = mapped_column(String(35), default="")
    # How long the order waits for its payment, if not for the time of the settings.
    pay_hours: Mapped[int | None] = mapped_column()
    # The order that was placed from the draft. This is not a foreign key: orders stay.
    order_id: Mapped[UUID | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    shipping_method: Mapped[ShippingMethod | None] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin="foreign(OrderDraft.shipping_method_id) == ShippingMethod.id",
    )

    @property
    def units(self) -> dict[UUID, int]:
        """The number of units of each variant."""
        return {UUID(each["variant_id"]): each["quantity"] for each in self.items}

    @property
    def own_prices(self) -> dict[UUID, int]:
        """The agreed prices of variants, which replace those of the shop."""
        return {
            UUID(each["variant_id"]): each["unit_price_minor"]
            for each in self.items
            if "unit_price_minor" in each
        }

    def touch(self, at: datetime) -> None:
        """Record that staff has changed the draft, or that its order was placed."""
        self.updated_at = at
        self.version += 1
