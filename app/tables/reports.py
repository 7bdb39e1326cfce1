"""Tables of daily reports."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.tables.base import AmountOrZero, Base
from app.tables.catalogue import product_of

__all__ = ["DailyReport", "ReportLine", "ReportMoney", "ReportProduct", "ReportTax"]


class DailyReport(Base):
    """The sales and cancellations of a shop day that has ended."""

    __tablename__ = "daily_reports"
    __table_args__ = (UniqueConstraint("report_day"), Index(None, "starts_at", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_day: Mapped[date] = mapped_column(Date)
    timezone: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    currency: Mapped[str] = mapped_column(String(3))
    # The orders that were placed on the day, regardless of their later status.
    orders_count: Mapped[int] = mapped_column()
    units: Mapped[int] = mapped_column()
    gross_minor: Mapped[int] = mapped_column()
    discount_minor: Mapped[AmountOrZero] = mapped_column()
    shipping_minor: Mapped[AmountOrZero] = mapped_column()
    tax_minor: Mapped[AmountOrZero] = mapped_column()
    # The orders that were cancelled on the day, regardless of when they were placed.
    cancelled_count: Mapped[int] = mapped_column()
    cancelled_units: Mapped[int] = mapped_column()
    cancelled_minor: Mapped[int] = mapped_column()
    cancelled_discount_minor: Mapped[AmountOrZero] = mapped_column()
    cancelled_shipping_minor: Mapped[AmountOrZero] = mapped_column()
    cancelled_tax_minor: Mapped[AmountOrZero] = mapped_column()
    # How often pieces of a line were cancelled; the units and amounts above include them.
    cancelled_lines_count: Mapped[AmountOrZero] = mapped_column()
    # The cancelled orders that were not paid in time.
    expired_count: Mapped[AmountOrZero] = mapped_column()
    expired_units: Mapped[AmountOrZero] = mapped_column()
    expired_minor: Mapped[AmountOrZero] = mapped_column()
    # The cancelled orders that were placed on an earlier day, which correct its report.
    late_count: Mapped[int] = mapped_column()
    late_units: Mapped[int] = mapped_column()
    late_minor: Mapped[int] = mapped_column()
    late_discount_minor: Mapped[AmountOrZero] = mapped_column()
    late_shipping_minor: Mapped[AmountOrZero] = mapped_column()
    late_tax_minor: Mapped[AmountOrZero] = mapped_column()
    first_order_at: Mapped[datetime | None] = mapped_column()
    last_order_at: Mapped[datetime | None] = mapped_column()
    by_hour: Mapped[list[list[int]]] = mapped_column(JSON)
    # The payment steps, invoices and credit notes of the day; null in a report without its money.
    money_count: Mapped[int | None] = mapped_column()
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    # The version rises when the report is made again with other content, for example after an
    # import.
    version: Mapped[int] = mapped_column(default=1)


class ReportLine(Base):
    """One order on the day of a report."""

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
    """The sales and cancellations of one variant on the day of a report."""

    __tablename__ = "report_products"
    __table_args__ = (Index(None, "report_day", "gross_minor", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_day: Mapped[date] = mapped_column(Date, ForeignKey("daily_reports.report_day"))
    variant_id: Mapped[UUID] = mapped_column(ForeignKey("variants.id"))
    sku: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    units: Mapped[int] = mapped_column()
    gross_minor: Mapped[int] = mapped_column()
    cancelled_units: Mapped[int] = mapped_column()
    cancelled_minor: Mapped[int] = mapped_column()

    product_id: Mapped[UUID] = column_property(product_of(variant_id))


class ReportTax(Base):
    """The tax at one rate on the day of a report, in orders placed and in orders cancelled."""

    __tablename__ = "report_taxes"

    report_day: Mapped[date] = mapped_column(
        Date, ForeignKey("daily_reports.report_day"), primary_key=True
    )
    rate_ppm: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(32), primary_key=True)
    net_minor: Mapped[int] = mapped_column()
    tax_minor: Mapped[int] = mapped_column()
    cancelled_net_minor: Mapped[int] = mapped_column()
    cancelled_tax_minor: Mapped[int] = mapped_column()


class ReportMoney(Base):
    """The money of a day in one currency: payments and invoices."""

    __tablename__ = "report_money"

    report_day: Mapped[date] = mapped_column(
        Date, ForeignKey("daily_reports.report_day"), primary_key=True
    )
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    captured_minor: Mapped[int] = mapped_column()
    refunded_minor: Mapped[int] = mapped_column()
    invoiced_minor: Mapped[int] = mapped_column()
    credited_minor: Mapped[int] = mapped_column()
    # The changes of these amounts on the day.
    not_invoiced_minor: Mapped[int] = mapped_column()
    overpaid_minor: Mapped[int] = mapped_column()
    not_paid_minor: Mapped[int] = mapped_column()
    # The captured and refunded amount of each provider.
    providers: Mapped[list[list[Any]]] = mapped_column(JSON)
