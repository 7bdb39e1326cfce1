"""Tables of messages: outbox, inbox, dead letters, operations."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.roles import UserRole
from app.tables.base import Base

__all__ = [
    "CacheDrop",
    "FINISHED",
    "DeadLetter",
    "InboxMessage",
    "Operation",
    "OperationState",
    "OutboxMessage",
    "SuspectMessage",
]


class OperationState(StrEnum):
    """The progress of a command."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


FINISHED = frozenset({OperationState.SUCCEEDED, OperationState.FAILED})
"""The states in which an operation never changes again."""


class OutboxMessage(Base):
    """A message to be sent, stored in the transaction of its reason."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "due_at", "position"),
        Index(
            None,
            "routing_key",
            "awaits",
            postgresql_where=text("awaits IS NOT NULL"),
            sqlite_where=text("awaits IS NOT NULL"),
        ),
    )

    # The number rises in the order in which rows are added, and for one subject in that of the
    # commits.
    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    # The exchange is "" for a queue, whose name is then the routing key.
    exchange: Mapped[str] = mapped_column(String(100))
    routing_key: Mapped[str] = mapped_column(String(255))
    message_id: Mapped[str] = mapped_column(String(255))
    # Messages with the same subject are sent in their order.
    subject: Mapped[str] = mapped_column(String(100))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, Any]] = mapped_column()
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    # The id of the resource that a command changes and that does not exist yet. Such a command is
    # not sent: it is applied when the resource exists, or refused when it is due.
    awaits: Mapped[UUID | None] = mapped_column()


class CacheDrop(Base):
    """A cache invalidation that may not have reached Redis, stored with its change."""

    __tablename__ = "cache_drops"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tags: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column()


class InboxMessage(Base):
    """A message that was applied."""

    __tablename__ = "inbox"
    __table_args__ = (Index(None, "received_at"), Index(None, "queue", "body_digest"))

    queue: Mapped[str] = mapped_column(String(100), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    received_at: Mapped[datetime] = mapped_column()


class SuspectMessage(Base):
    """A message that was started and may have crashed the process that started it."""

    __tablename__ = "suspect_messages"

    queue: Mapped[str] = mapped_column(String(100), primary_key=True)
    message_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    starts: Mapped[int] = mapped_column()
    started_at: Mapped[datetime] = mapped_column()


class DeadLetter(Base):
    """A message that cannot be applied, until somebody requeues or discards it."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "queue", "created_at", "id"),
        # A sender may give every message the same id.
        UniqueConstraint("queue", "message_id", "body_digest"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(String(100))
    message_id: Mapped[str] = mapped_column(String(255))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    body_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    code: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()


class Operation(Base):
    """An asynchronous command of a caller, and its result."""

    __tablename__ = "operations"
    __table_args__ = (Index(None, "updated_at"),)

    # Also the id of the command's message.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(String(100))
    # The caller who may see the operation and for whom the command is executed.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    caller: Mapped[str] = mapped_column(String(100))
    role: Mapped[UserRole | None] = mapped_column()
    state: Mapped[OperationState] = mapped_column()
    attempts: Mapped[int] = mapped_column(default=0)
    # The response that the caller would have received.
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)
