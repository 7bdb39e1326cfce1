"""The tables of the shop and the rules that one row can judge."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from app.errors import IllegalTransition


class UserRole(StrEnum):
    """What a user may do in the shop."""

    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.PAID, OrderStatus.CANCELLED}),
    OrderStatus.PAID: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED}),
    OrderStatus.DELIVERED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}


class MovementReason(StrEnum):
    """Why the stock of a product changed."""

    SUPPLY = "supply"
    RETURN = "return"
    DAMAGE = "damage"
    STOCKTAKE = "stocktake"
    SALE = "sale"
    CANCELLATION = "cancellation"


class OperationState(StrEnum):
    """How far a command has come."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The type of its values in Python."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware datetime into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Mark what SQLite returns without a zone as UTC."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def _enum(members: type[StrEnum]) -> Enum:
    # Stored by value in a VARCHAR: a native enum would need a migration outside a transaction.
    return Enum(
        members,
        values_callable=lambda cls: [member.value for member in cls],
        native_enum=False,
        length=20,
    )


class Base(DeclarativeBase):
    """The registry of all tables."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        int: BigInteger(),
        UserRole: _enum(UserRole),
        OrderStatus: _enum(OrderStatus),
        MovementReason: _enum(MovementReason),
        OperationState: _enum(OperationState),
        dict[str, Any]: JSON(),
    }


class User(Base):
    """A person or machine known to the shop."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email_key"),
        UniqueConstraint("username_key"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    # What uniqueness compares: NFC-normalised and case-folded, which may lengthen the text.
    email_key: Mapped[str] = mapped_column(String(1000))
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(String(64))
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    # Who was imported has no password until one is set by way of a reset.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    email_verified_at: Mapped[datetime | None] = mapped_column()
    role: Mapped[UserRole] = mapped_column(default=UserRole.CUSTOMER)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    anonymised_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_email_verified(self) -> bool:
        """Whether the user was seen to read what is sent to the address."""
        return self.email_verified_at is not None


class LoginSession(Base):
    """A user's log-in: all tokens that descend from it end with it."""

    __tablename__ = "login_sessions"
    __table_args__ = (
        Index(None, "user_id", "created_at", "id"),
        Index(None, "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # SHA-256 of the one refresh token that is good: it is random, so no slow hash is needed.
    refresh_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    user_agent: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column()
    last_used_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()


class ApiKey(Base):
    """A machine's way in, for some things only."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column()
    last_used_at: Mapped[datetime | None] = mapped_column()
    expires_at: Mapped[datetime | None] = mapped_column()
    revoked_at: Mapped[datetime | None] = mapped_column()


class AuditEvent(Base):
    """Something that may have to be accounted for; rows are only ever added."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "subject_id", "created_at", "id"),
        Index(None, "event", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(String(50))
    actor: Mapped[str] = mapped_column(String(100))
    # Not a foreign key: what happened stays when what it happened to is gone.
    subject_id: Mapped[UUID | None] = mapped_column()
    address: Mapped[str | None] = mapped_column(String(45))
    detail: Mapped[dict[str, Any]] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()


class OutgoingMail(Base):
    """A mail that waits to be sent; it goes when it has been."""

    __tablename__ = "outgoing_mails"
    __table_args__ = (Index(None, "due_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()


class OutboxMessage(Base):
    """A message that is to leave the shop, written in the transaction of its reason."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "due_at", "position"),)

    # Rises in the order in which rows are added: of one subject, in that of the commits.
    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    # "" for a queue, which the routing key then names.
    exchange: Mapped[str] = mapped_column(String(100))
    routing_key: Mapped[str] = mapped_column(String(255))
    message_id: Mapped[str] = mapped_column(String(255))
    # What messages about one thing share; they leave one after the other.
    subject: Mapped[str] = mapped_column(String(100))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, Any]] = mapped_column()
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()


class CacheDrop(Base):
    """A change that the cache in Redis may not know of yet, written in its transaction."""

    __tablename__ = "cache_drops"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tags: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column()


class InboxMessage(Base):
    """A message that has had its effect."""

    __tablename__ = "inbox"
    __table_args__ = (Index(None, "received_at"), Index(None, "queue", "body_digest"))

    queue: Mapped[str] = mapped_column(String(100), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    received_at: Mapped[datetime] = mapped_column()


class SuspectMessage(Base):
    """A message that was begun, and perhaps killed the process that began it."""

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
    """What became of a command that a caller did not wait for."""

    __tablename__ = "operations"
    __table_args__ = (Index(None, "updated_at"),)

    # The id of the command's message, too.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(String(100))
    # Who may see it, and in whose name the command runs.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    caller: Mapped[str] = mapped_column(String(100))
    role: Mapped[UserRole | None] = mapped_column()
    state: Mapped[OperationState] = mapped_column()
    attempts: Mapped[int] = mapped_column(default=0)
    # What the caller would have been answered.
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)


class ShopSecret(Base):
    """A random value that all processes of the shop share when the settings name none."""

    __tablename__ = "shop_secrets"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary(64))
    created_at: Mapped[datetime] = mapped_column()


class Address(Base):
    """A place of a user to which orders are delivered."""

    __tablename__ = "addresses"
    __table_args__ = (
        Index(None, "user_id", "id"),
        Index(
            "uq_addresses_primary",
            "user_id",
            unique=True,
            postgresql_where=text("is_primary"),
            sqlite_where=text("is_primary"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    street: Mapped[str] = mapped_column(String(200))
    city: Mapped[str] = mapped_column(String(100))
    region: Mapped[str] = mapped_column(String(100))
    postal_code: Mapped[str] = mapped_column(String(20))
    country: Mapped[str] = mapped_column(String(2))
    is_primary: Mapped[bool] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()


class Product(Base):
    """A thing that the shop sells."""

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
    # The highest version that a message has brought; an older one that is late changes nothing.
    source_version: Mapped[int | None] = mapped_column()
    # The normalised words of name, SKU, category and description, which the search index covers.
    search_text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    archived_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)


class StockMovement(Base):
    """One change of a product's stock; rows are only ever added."""

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


class Order(Base):
    """What a user bought, at the prices of that moment."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("number"),
        CheckConstraint("total_minor >= 0", name="total_minor"),
        Index(None, "created_at", "id"),
        Index(None, "user_id", "created_at", "id"),
        Index(None, "status", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[OrderStatus] = mapped_column()
    delivery_address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    units: Mapped[int] = mapped_column()
    total_minor: Mapped[int] = mapped_column()
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    items: Mapped[list["OrderItem"]] = relationship(lazy="raise", order_by="OrderItem.position")
    history: Mapped[list["OrderChange"]] = relationship(
        lazy="raise", order_by="OrderChange.position"
    )

    def move_to(self, status: OrderStatus, at: datetime) -> None:
        """Change the status along the transition table.

        Raises:
            IllegalTransition: the table has no such move.
        """
        if status not in TRANSITIONS[self.status]:
            raise IllegalTransition(
                f"an order that is {self.status} cannot become {status}",
                order_id=str(self.id),
                from_status=self.status,
                to_status=status,
                allowed=sorted(TRANSITIONS[self.status]),
            )
        self.status = status
        self.updated_at = at
        self.version += 1


class OrderItem(Base):
    """One line of an order, with what was true of its product at purchase."""

    __tablename__ = "order_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_price_minor >= 0", name="unit_price_minor"),
        Index(None, "product_id"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    sku: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    unit_price_minor: Mapped[int] = mapped_column()
    quantity: Mapped[int] = mapped_column()


class OrderChange(Base):
    """One step in the life of an order; rows are only ever added."""

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


class DailyReport(Base):
    """What was sold and what was cancelled on a day of the shop, which is over."""

    __tablename__ = "daily_reports"
    __table_args__ = (UniqueConstraint("report_day"), Index(None, "starts_at", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_day: Mapped[date] = mapped_column(Date)
    timezone: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    currency: Mapped[str] = mapped_column(String(3))
    # The orders that were placed on the day, whatever became of them later.
    orders_count: Mapped[int] = mapped_column()
    units: Mapped[int] = mapped_column()
    gross_minor: Mapped[int] = mapped_column()
    # The orders that were cancelled on the day, whenever they were placed.
    cancelled_count: Mapped[int] = mapped_column()
    cancelled_units: Mapped[int] = mapped_column()
    cancelled_minor: Mapped[int] = mapped_column()
    # Those of them that were placed on an earlier day: corrections of its report.
    late_count: Mapped[int] = mapped_column()
    late_units: Mapped[int] = mapped_column()
    late_minor: Mapped[int] = mapped_column()
    first_order_at: Mapped[datetime | None] = mapped_column()
    last_order_at: Mapped[datetime | None] = mapped_column()
    by_hour: Mapped[list[list[int]]] = mapped_column(JSON)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    # Rises when the day is made again and is another one by then, as after an import.
    version: Mapped[int] = mapped_column(default=1)


class ReportLine(Base):
    """One order of the day of a report."""

    __tablename__ = "report_lines"
    __table_args__ = (Index(None, "report_day", "placed_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_day: Mapped[date] = mapped_column(Date, ForeignKey("daily_reports.report_day"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    order_number: Mapped[int] = mapped_column()
    placed_at: Mapped[datetime] = mapped_column()
    units: Mapped[int] = mapped_column()
    total_minor: Mapped[int] = mapped_column()


class ReportProduct(Base):
    """What was sold and cancelled of one product on the day of a report."""

    __tablename__ = "report_products"
    __table_args__ = (Index(None, "report_day", "gross_minor", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_day: Mapped[date] = mapped_column(Date, ForeignKey("daily_reports.report_day"))
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    sku: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    units: Mapped[int] = mapped_column()
    gross_minor: Mapped[int] = mapped_column()
    cancelled_units: Mapped[int] = mapped_column()
    cancelled_minor: Mapped[int] = mapped_column()


class IdempotencyKey(Base):
    """The first answer to a request that named an idempotency key."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "expires_at"),)

    caller: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int] = mapped_column()
    headers: Mapped[dict[str, Any]] = mapped_column()
    body: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column()
