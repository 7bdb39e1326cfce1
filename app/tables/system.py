"""Tables of the audit trail, mails, errands and idempotency keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.roles import UserRole
from app.tables.base import Base

__all__ = [
    "AppliedSetting",
    "AuditEvent",
    "Errand",
    "IdempotencyKey",
    "OrderMailRecord",
    "OutgoingMail",
]


class AuditEvent(Base):
    """An event of the audit trail; rows are only added."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "subject_id", "created_at", "id"),
        Index(None, "event", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(String(50))
    actor: Mapped[str] = mapped_column(String(100))
    # This is not a foreign key: the event stays when its subject is deleted.
    subject_id: Mapped[UUID | None] = mapped_column()
    address: Mapped[str | None] = mapped_column(String(45))
    detail: Mapped[dict[str, Any]] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()


class OutgoingMail(Base):
    """A mail that waits to be sent, and is then deleted."""

    __tablename__ = "outgoing_mails"
    __table_args__ = (Index(None, "due_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # The user, or None for a customer without an account.
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    # The invoice that is attached. This is not a foreign key: mails do not depend on their
    # subjects.
    invoice_id: Mapped[UUID | None] = mapped_column()
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()


class OrderMailRecord(Base):
    """The record of a mail about an order, which stays after the mail was sent."""

    __tablename__ = "order_mails"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    created_at: Mapped[datetime] = mapped_column()


class Errand(Base):
    """Work that waits to be done outside of a transaction, and is then deleted."""

    __tablename__ = "errands"
    __table_args__ = (Index(None, "kind", "due_at"),)

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    # This is not a foreign key: the subject depends on the kind, and may be deleted meanwhile.
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column()
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(200))
    given_up_at: Mapped[datetime | None] = mapped_column()


class IdempotencyKey(Base):
    """The first response to a request with an idempotency key."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "expires_at"),)

    caller: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    # The role that the caller had, if the caller is a user.
    role: Mapped[UserRole | None] = mapped_column()
    status: Mapped[int] = mapped_column()
    headers: Mapped[dict[str, Any]] = mapped_column()
    body: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column()


class AppliedSetting(Base):
    """The value of a setting from which stored rows were derived."""

    __tablename__ = "applied_settings"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
