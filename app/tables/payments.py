"""Tables of payments, their steps and refunds, and of the bank for tests."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

__all__ = [
    "Attention",
    "BankPayment",
    "BankRefund",
    "Payment",
    "PaymentStatus",
    "PaymentStep",
    "Refund",
    "RefundStatus",
]


class PaymentStatus(StrEnum):
    """The status of a payment."""

    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    VOIDED = "voided"


FOLLOWING: dict[PaymentStatus, frozenset[PaymentStatus]] = {
    PaymentStatus.CREATED: frozenset(PaymentStatus) - {PaymentStatus.CREATED},
    PaymentStatus.REQUIRES_ACTION: frozenset(PaymentStatus) - {PaymentStatus.CREATED},
    PaymentStatus.PROCESSING: frozenset(PaymentStatus) - {PaymentStatus.CREATED},
    PaymentStatus.AUTHORISED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.VOIDED}),
    # Money that arrives later is never ignored.
    PaymentStatus.FAILED: frozenset({PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED}),
    PaymentStatus.VOIDED: frozenset({PaymentStatus.CAPTURED}),
    PaymentStatus.CAPTURED: frozenset(),
}
"""The allowed transitions of a payment; any other status from a provider is an old one."""
OPEN = frozenset(
    {
        PaymentStatus.CREATED,
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.PROCESSING,
        PaymentStatus.AUTHORISED,
    }
)
"""The statuses of payments that the provider may still change."""


class RefundStatus(StrEnum):
    """The status of a refund."""

    ASKED = "asked"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Attention(StrEnum):
    """Why a person must look at a payment."""

    MISMATCH = "mismatch"
    LATE = "late"
    DUPLICATE = "duplicate"
    REFUND_FAILED = "refund_failed"
    REFUND_BY_HAND = "refund_by_hand"
    REFUNDED_ELSEWHERE = "refunded_elsewhere"


class Payment(Base):
    """A payment of an order, or an attempt to pay."""

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("provider", "reference"),
        UniqueConstraint("order_id", "request_key"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        CheckConstraint("captured_minor >= 0", name="captured_minor"),
        CheckConstraint("refunded_minor BETWEEN 0 AND captured_minor", name="refunded_minor"),
        Index(None, "created_at", "id"),
        Index(
            "ix_payments_attention",
            "created_at",
            "id",
            postgresql_where=text("attention IS NOT NULL"),
            sqlite_where=text("attention IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    provider: Mapped[str] = mapped_column(String(20))
    # The id at the provider, after the provider has answered.
    reference: Mapped[str | None] = mapped_column(String(100))
    # The idempotency key of the request.
    request_key: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[PaymentStatus] = mapped_column()
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column()
    captured_minor: Mapped[int] = mapped_column(default=0)
    # The returned amount; it does not contain requested refunds yet.
    refunded_minor: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(200))
    attention: Mapped[Attention | None] = mapped_column()
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_open(self) -> bool:
        """Whether the provider may still change the payment."""
        return self.status in OPEN

    def touch(self, at: datetime) -> None:
        """Count a change."""
        self.updated_at = at
        self.version += 1


class PaymentStep(Base):
    """A change of a payment; rows are only added, and their amounts sum to those of the payment."""

    __tablename__ = "payment_steps"
    __table_args__ = (Index(None, "happened_at"),)

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[PaymentStatus] = mapped_column()
    captured_minor: Mapped[int] = mapped_column()
    refunded_minor: Mapped[int] = mapped_column()
    actor: Mapped[str] = mapped_column(String(100))
    happened_at: Mapped[datetime] = mapped_column()


class Refund(Base):
    """Money that goes back to a customer; the row exists before the provider is asked."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("payment_id", "request_key"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        Index(None, "order_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    request_key: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[RefundStatus] = mapped_column()
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column()
    reason: Mapped[str] = mapped_column(String(200))
    reference: Mapped[str | None] = mapped_column(String(100))
    failure: Mapped[str | None] = mapped_column(String(200))
    actor: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()


class BankPayment(Base):
    """A payment in the records of the bank for tests, separate from the shop's payments."""

    __tablename__ = "bank_payments"
    __table_args__ = (UniqueConstraint("request_key"),)

    reference: Mapped[str] = mapped_column(String(100), primary_key=True)
    request_key: Mapped[str] = mapped_column(String(100))
    payment_id: Mapped[UUID] = mapped_column()
    order_id: Mapped[UUID] = mapped_column()
    order_number: Mapped[int] = mapped_column()
    status: Mapped[PaymentStatus] = mapped_column()
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column()
    captured_minor: Mapped[int] = mapped_column(default=0)
    refunded_minor: Mapped[int] = mapped_column(default=0)
    captures_by_itself: Mapped[bool] = mapped_column()
    return_url: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column()


class BankRefund(Base):
    """A refund in the records of the bank for tests."""

    __tablename__ = "bank_refunds"

    request_key: Mapped[str] = mapped_column(String(100), primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("bank_payments.reference"))
    amount_minor: Mapped[int] = mapped_column()
