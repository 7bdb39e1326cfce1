"""The tables of the shop under one name; each area has its own in `app/tables/`."""

from app.core.roles import UserRole
from app.tables.base import Base, UtcDateTime
from app.tables.catalogue import MovementReason, Product, StockMovement
from app.tables.identity import Address, ApiKey, LoginSession, ShopSecret, User
from app.tables.messaging import (
    CacheDrop,
    DeadLetter,
    InboxMessage,
    Operation,
    OperationState,
    OutboxMessage,
    SuspectMessage,
)
from app.tables.orders import TRANSITIONS, Order, OrderChange, OrderItem, OrderStatus
from app.tables.reports import DailyReport, ReportLine, ReportProduct
from app.tables.system import AuditEvent, IdempotencyKey, OutgoingMail

__all__ = [
    "Address",
    "ApiKey",
    "AuditEvent",
    "Base",
    "CacheDrop",
    "DailyReport",
    "DeadLetter",
    "IdempotencyKey",
    "InboxMessage",
    "LoginSession",
    "MovementReason",
    "Operation",
    "OperationState",
    "Order",
    "OrderChange",
    "OrderItem",
    "OrderStatus",
    "OutboxMessage",
    "OutgoingMail",
    "Product",
    "ReportLine",
    "ReportProduct",
    "ShopSecret",
    "StockMovement",
    "SuspectMessage",
    "TRANSITIONS",
    "User",
    "UserRole",
    "UtcDateTime",
]
