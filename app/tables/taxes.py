"""The table of rates of tax."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

__all__ = ["TaxRate"]


class TaxRate(Base):
    """A rate of tax of a country or a region for a class of goods, until the next one begins."""

    __tablename__ = "tax_rates"
    __table_args__ = (
        # With a first day and no last one, two rates cannot overlap.
        UniqueConstraint(
            "country", "region_key", "tax_class", "valid_from", name="uq_tax_rates_country"
        ),
        CheckConstraint("rate_ppm >= 0 AND rate_ppm <= 1000000", name="rate_ppm"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(String(2))
    # Empty for the whole country.
    region: Mapped[str] = mapped_column(String(100))
    region_key: Mapped[str] = mapped_column(String(100))
    tax_class: Mapped[str] = mapped_column(String(32))
    valid_from: Mapped[date] = mapped_column(Date)
    rate_ppm: Mapped[int] = mapped_column()
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column()
