"""Tables of orders, and orders that are not stored yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from app.core.order_statuses import TRANSITIONS, FulfilmentStatus, OrderStatus, fulfilment_of
from app.core.vat.numbers import MAX_VAT_NUMBER
from app.errors import IllegalTransition
from app.tables.base import AmountOrZero, Base
from app.tables.catalogue import product_of

if TYPE_CHECKING:
    from app.tables.fulfilment.cancellations import OrderCancellation
    from app.tables.fulfilment.shipments import Shipment
    from app.tables.taxes import OrderTax

__all__ = [
    "Order",
    "OrderAdjustment",
    "OrderChange",
    "OrderItem",
    "OrderStatus",
    "TRANSITIONS",
]


class Order(Base):
    """An order of a user or a guest, at the prices at the time of purchase."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("number"),
        # This is an index and not a constraint, for which SQLite would have to build the table
        # again.
        Index(
            "uq_orders_source_reference",
            "source_reference",
            unique=True,
            postgresql_where=text("source_reference IS NOT NULL"),
            sqlite_where=text("source_reference IS NOT NULL"),
        ),
        CheckConstraint("total_minor >= 0", name="total_minor"),
        Index(None, "created_at", "id"),
        Index(None, "total_minor", "id"),
        Index(None, "user_id", "created_at", "id"),
        Index(None, "status", "created_at", "id"),
        Index(
            "ix_orders_pay_by",
            "pay_by",
            postgresql_where=text("pay_by IS NOT NULL"),
            sqlite_where=text("pay_by IS NOT NULL"),
        ),
        Index(
            "ix_orders_email_key",
            "email_key",
            postgresql_where=text("email_key IS NOT NULL"),
            sqlite_where=text("email_key IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column()
    # The number of an imported order in its source, by which it is recognized.
    source_reference: Mapped[str | None] = mapped_column(String(100))
    # None for an order of a guest.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    status: Mapped[OrderStatus] = mapped_column()
    delivery_address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    units: Mapped[int] = mapped_column()
    total_minor: Mapped[int] = mapped_column()
    currency: Mapped[str] = mapped_column(String(3))
    prices_include_tax: Mapped[bool] = mapped_column(default=True, server_default=true())
    # The sum over the lines.
    discount_minor: Mapped[AmountOrZero] = mapped_column()
    # The id, the name and the carrier of the method at the time of purchase.
    shipping_method: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # The price of shipping, with its tax.
    shipping_minor: Mapped[AmountOrZero] = mapped_column()
    # The tax of the lines and of shipping.
    tax_minor: Mapped[AmountOrZero] = mapped_column()
    # The part of the total that belongs to pieces that were cancelled without the rest.
    cancelled_minor: Mapped[int] = mapped_column(server_default="0")
    # The sums over the payments.
    paid_minor: Mapped[int] = mapped_column(server_default="0")
    refunded_minor: Mapped[int] = mapped_column(server_default="0")
    # The next columns were chosen at the checkout of a cart; other orders have only the VAT number.
    email: Mapped[str | None] = mapped_column(String(320))
    email_key: Mapped[str | None] = mapped_column(String(1000))
    billing_address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    vat_number: Mapped[str | None] = mapped_column(String(MAX_VAT_NUMBER))
    note: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(String(35))
    # The time until which a pending order must be paid; then it is cancelled.
    pay_by: Mapped[datetime | None] = mapped_column()
    # When a guest requested erasure of an unfinished order, which is then cleared at its end.
    erasure_asked_at: Mapped[datetime | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    adjustments: Mapped[list["OrderAdjustment"]] = relationship(
        lazy="raise", order_by="OrderAdjustment.seq"
    )
    cancellations: Mapped[list["OrderCancellation"]] = relationship(
        lazy="raise", order_by="OrderCancellation.seq"
    )
    items: Mapped[list["OrderItem"]] = relationship(lazy="raise", order_by="OrderItem.position")
    taxes: Mapped[list["OrderTax"]] = relationship(
        lazy="raise", order_by="OrderTax.rate_ppm.desc(), OrderTax.reason"
    )
    history: Mapped[list["OrderChange"]] = relationship(
        lazy="raise", order_by="OrderChange.position"
    )
    shipments: Mapped[list["Shipment"]] = relationship(lazy="raise", order_by="Shipment.seq")

    @property
    def fulfilment_status(self) -> FulfilmentStatus:
        """How much of the order has left the shop, and whether all of it has arrived."""
        units = sum(each.left_quantity for each in self.items)
        return fulfilment_of(self.status, units, [(it.status, it.units) for it in self.shipments])

    def touch(self, at: datetime) -> None:
        """Count a change of its parts."""
        self.updated_at = at
        self.version += 1

    def move_to(self, status: OrderStatus, actor: str, at: datetime) -> None:
        """Change the status along the transition table, and add the step to the history.

        Raises:
            IllegalTransition: the table does not contain the transition.
        """
        self.require_transition(status)
        self.history.append(
            OrderChange(
                position=len(self.history) + 1,
                from_status=self.status,
                to_status=status,
                actor=actor,
                changed_at=at,
            )
        )
        self.status = status
        self.pay_by = None
        self.touch(at)

    def require_transition(self, status: OrderStatus) -> None:
        """Require that the status can change to another one.

        Raises:
            IllegalTransition: the table does not contain the transition.
        """
        if status not in TRANSITIONS[self.status]:
            raise IllegalTransition(
                f"an order that is {self.status} cannot become {status}",
                order_id=str(self.id),
                from_status=self.status,
                to_status=status,
                allowed=sorted(TRANSITIONS[self.status]),
            )


class OrderItem(Base):
    """One line of an order, with the data of its variant at the time of purchase."""

    __tablename__ = "order_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_price_minor >= 0", name="unit_price_minor"),
        CheckConstraint("cancelled_quantity BETWEEN 0 AND quantity", name="cancelled_quantity"),
        CheckConstraint(
            "shipped_quantity BETWEEN 0 AND quantity - cancelled_quantity", name="shipped_quantity"
        ),
        CheckConstraint(
            "returned_quantity BETWEEN 0 AND shipped_quantity", name="returned_quantity"
        ),
        Index(None, "variant_id"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(ForeignKey("variants.id"))
    sku: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    unit_price_minor: Mapped[int] = mapped_column()
    quantity: Mapped[int] = mapped_column()
    cancelled_quantity: Mapped[int] = mapped_column(server_default="0")
    # The units in shipments, which count from the moment when they are packed.
    shipped_quantity: Mapped[int] = mapped_column(server_default="0")
    returned_quantity: Mapped[int] = mapped_column(server_default="0")
    discount_minor: Mapped[AmountOrZero] = mapped_column()
    tax_minor: Mapped[AmountOrZero] = mapped_column()
    # The rate is null in an order without tax.
    tax_rate_ppm: Mapped[int | None] = mapped_column()
    tax_class: Mapped[str | None] = mapped_column(String(32))
    tax_reason: Mapped[str | None] = mapped_column(String(32))

    product_id: Mapped[UUID] = column_property(product_of(variant_id))

    @property
    def left_quantity(self) -> int:
        """The units that are not cancelled."""
        return self.quantity - self.cancelled_quantity

    @property
    def unpacked_quantity(self) -> int:
        """The units that are neither cancelled nor in a shipment."""
        return self.left_quantity - self.shipped_quantity


class OrderAdjustment(Base):
    """A discount on an order; the sums of the lines are in the lines."""

    __tablename__ = "order_adjustments"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="amount_minor"),)

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # The line, or None for shipping.
    position: Mapped[int | None] = mapped_column()
    # The promotion, or None for a discount that staff gave.
    promotion_id: Mapped[UUID | None] = mapped_column()
    code: Mapped[str | None] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(100))
    amount_minor: Mapped[int] = mapped_column()


class OrderChange(Base):
    """One step in the history of an order; rows are only added."""

    __tablename__ = "order_changes"
    __table_args__ = (
        Index(
            "ix_order_changes_cancelled",
            "changed_at",
            postgresql_where=text("to_status = 'cancelled'"),
            sqlite_where=text("to_status = 'cancelled'"),
        ),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    from_status: Mapped[OrderStatus | None] = mapped_column()
    to_status: Mapped[OrderStatus] = mapped_column()
    actor: Mapped[str] = mapped_column(String(100))
    changed_at: Mapped[datetime] = mapped_column()


class NewLine(Struct, frozen=True):
    """One line of an order that is not stored yet."""

    product_id: UUID
    variant_id: UUID
    sku: str
    name: str
    unit_price_minor: int
    quantity: int
    discount_minor: int = 0
    tax_minor: int = 0
    tax_rate_ppm: int | None = None
    tax_class: str | None = None
    tax_reason: str | None = None

    @property
    def amount_minor(self) -> int:
        """The price of all units, less the discount."""
        return self.unit_price_minor * self.quantity - self.discount_minor


class NewTax(Struct, frozen=True):
    """The tax at one rate in an order that is not stored yet."""

    rate_ppm: int
    reason: str
    net_minor: int
    tax_minor: int


class NewAdjustment(Struct, frozen=True):
    """A discount on an order that is not stored yet."""

    position: int | None
    promotion_id: UUID | None
    code: str | None
    label: str
    amount_minor: int


class Contact(Struct, frozen=True):
    """The data of the checkout besides goods and delivery; most are None without a cart."""

    email: str | None = None
    email_key: str | None = None
    billing_address: dict[str, Any] | None = None
    vat_number: str | None = None
    note: str | None = None
    locale: str | None = None
    pay_by: datetime | None = None


class NewShipping(Struct, frozen=True):
    """The shipping of an order that is not stored yet."""

    method: dict[str, Any] | None = None
    total_minor: int = 0
    """The amount to be paid for shipping, with its tax."""
    tax_minor: int = 0


NO_SHIPPING = NewShipping()


class NewStep(Struct, frozen=True):
    """One step in the history of an order that is not stored yet."""

    to_status: OrderStatus
    changed_at: datetime


class NewOrder(Struct, frozen=True):
    """An order that is not stored yet, with its lines; its last step is its status."""

    id: UUID
    user_id: UUID | None
    currency: str
    created_at: datetime
    actor: str
    lines: Sequence[NewLine]
    delivery_address: dict[str, Any] | None = None
    steps: Sequence[NewStep] = ()
    source_reference: str | None = None
    prices_include_tax: bool = True
    shipping: NewShipping = NO_SHIPPING
    taxes: Sequence[NewTax] = ()
    adjustments: Sequence[NewAdjustment] = ()
    contact: Contact | None = None

    @property
    def holds_stock(self) -> bool:
        """Whether the units are taken out of stock; a cancelled order has returned them."""
        return self.steps[-1].to_status is not OrderStatus.CANCELLED

    @property
    def units(self) -> int:
        """The number of units in all lines."""
        return sum(line.quantity for line in self.lines)

    @property
    def total_minor(self) -> int:
        """The amount to be paid for all lines and for shipping."""
        goods = sum(line.amount_minor for line in self.lines)
        added = 0 if self.prices_include_tax else sum(line.tax_minor for line in self.lines)
        return goods + added + self.shipping.total_minor

    @property
    def discount_minor(self) -> int:
        """The discount on all lines."""
        return sum(line.discount_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """The tax of all lines and of shipping."""
        return self.shipping.tax_minor + sum(line.tax_minor for line in self.lines)
