"""Tables of invoices and credit notes, and of the counters of their numbers."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

__all__ = ["Invoice", "InvoiceKind", "InvoiceSeries"]

MAX_SERIES = 20
NUMBER_DIGITS = 6


class InvoiceKind(StrEnum):
    """Whether a document increases or reduces the sum that a customer owes."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceSeries(Base):
    """The counter of a series, which only a transaction that writes an invoice locks."""

    __tablename__ = "invoice_series"
    __table_args__ = (CheckConstraint("next_number > 0", name="next_number"),)

    series: Mapped[str] = mapped_column(String(MAX_SERIES), primary_key=True)
    next_number: Mapped[int] = mapped_column()


class Invoice(Base):
    """An invoice or a credit note; rows are only added, and contain all content of the document."""

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("series", "number"),
        UniqueConstraint("refund_id"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("net_minor + tax_minor = total_minor", name="total_minor"),
        CheckConstraint("net_minor >= 0", name="net_minor"),
        CheckConstraint("tax_minor >= 0", name="tax_minor"),
        Index(None, "order_id"),
        Index(None, "corrects_id"),
        Index(None, "issued_at", "id"),
        Index(
            "uq_invoices_order_id",
            "order_id",
            unique=True,
            postgresql_where=text("kind = 'invoice'"),
            sqlite_where=text("kind = 'invoice'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(String(MAX_SERIES))
    number: Mapped[int] = mapped_column()
    kind: Mapped[InvoiceKind] = mapped_column()
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    order_number: Mapped[int] = mapped_column()
    # The invoice that a credit note corrects, its number, and the refund that is the reason.
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.id"))
    corrects_number: Mapped[str | None] = mapped_column(String(40))
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.id"))
    issued_at: Mapped[datetime] = mapped_column()
    # The day of the invoice in the shop's time zone.
    issued_on: Mapped[date] = mapped_column()
    supplied_on: Mapped[date] = mapped_column()
    currency: Mapped[str] = mapped_column(String(3))
    prices_include_tax: Mapped[bool] = mapped_column()
    # The language of the customer.
    locale: Mapped[str | None] = mapped_column(String(35))
    seller: Mapped[dict[str, Any]] = mapped_column()
    buyer: Mapped[dict[str, Any]] = mapped_column()
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    # The amounts by rate; an order without tax has no rate.
    taxes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    net_minor: Mapped[int] = mapped_column()
    tax_minor: Mapped[int] = mapped_column()
    total_minor: Mapped[int] = mapped_column()
    # SHA-256 of the content.
    digest: Mapped[str] = mapped_column(String(64))

    @property
    def shown_number(self) -> str:
        """The number in its printed form."""
        return f"{self.series}{self.number:0{NUMBER_DIGITS}}"
