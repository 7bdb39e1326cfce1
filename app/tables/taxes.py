"""Tables of rates of tax, and of the tax in orders."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

__all__ = ["OrderTax", "TaxRate"]


class TaxRate(Base):
    """A rate of tax of a country or a region for a tax class, until the next rate begins."""

    __tablename__ = "tax_rates"
    __table_args__ = (
        # Rates have a first day and no last day, so that two of them cannot overlap.
        UniqueConstraint(
            "country", "region_key", "tax_class", "valid_from", name="uq_tax_rates_country"
        ),
        CheckConstraint("rate_ppm >= 0 AND rate_ppm <= 1000000", name="rate_ppm"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(String(2))
    # The region is empty for the whole country.
    region: Mapped[str] = mapped_column(String(100))
    # Case-folding triples the length of a few letters.
    region_key: Mapped[str] = mapped_column(String(300))
    tax_class: Mapped[str] = mapped_column(String(32))
    valid_from: Mapped[date] = mapped_column(Date)
    rate_ppm: Mapped[int] = mapped_column()
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column()


class OrderTax(Base):
    """The tax at one rate in an order, of its lines and of shipping."""

    __tablename__ = "order_taxes"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    rate_ppm: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(32), primary_key=True)
    net_minor: Mapped[int] = mapped_column()
    tax_minor: Mapped[int] = mapped_column()
