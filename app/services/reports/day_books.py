"""The ledger of a day, added up."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from app.repositories.reports.ledger_repository import Sum, TaxSum, VariantSum, Window

_NO_ORDERS = Sum(0, 0, 0)
_NO_SALES = VariantSum("", "", 0, 0)
_NO_TAX = TaxSum(0, 0)


@dataclass(slots=True)
class MoneySum:
    """The money of a day in one currency."""

    captured_minor: int = 0
    refunded_minor: int = 0
    invoiced_minor: int = 0
    credited_minor: int = 0
    not_invoiced_minor: int = 0
    overpaid_minor: int = 0
    not_paid_minor: int = 0
    providers: list[tuple[str, int, int]] = field(default_factory=list)
    """The captured and refunded amount of each provider."""

    @property
    def is_balanced(self) -> bool:
        """Whether the captured and the invoiced amounts agree, including the remainders."""
        paid = self.captured_minor - self.refunded_minor
        invoiced = self.invoiced_minor - self.credited_minor
        left = self.not_invoiced_minor + self.overpaid_minor - self.not_paid_minor
        return paid == invoiced + left


@dataclass(slots=True)
class Money:
    """The money of a day by currency, and the number of rows that it was computed from."""

    count: int = 0
    digest_without: bytes = b""
    """The digest of the day in the form of reports without money."""
    sums: dict[str, MoneySum] = field(default_factory=dict)


class Further(NamedTuple):
    """Further sums of the cancellations of a day, named like the columns of a report."""

    cancelled_lines_count: int = 0
    expired_count: int = 0
    expired_units: int = 0
    expired_minor: int = 0


@dataclass(slots=True)
class Books:
    """The ledger of a day, added up."""

    day: date
    window: Window
    placed_variants: dict[UUID, VariantSum]
    placed_taxes: dict[tuple[int, str], TaxSum]
    placed: Sum = _NO_ORDERS
    cancelled: Sum = _NO_ORDERS
    late: Sum = _NO_ORDERS
    cancelled_variants: dict[UUID, VariantSum] = field(default_factory=dict)
    cancelled_taxes: dict[tuple[int, str], TaxSum] = field(default_factory=dict)
    further: Further = Further()
    digest: bytes = b""
    between: tuple[datetime, datetime] | None = None
    """When the first and the last order were placed."""
    by_hour: dict[int, list[int]] = field(default_factory=dict)
    money: Money = field(default_factory=Money)

    def variants(self) -> list[tuple[UUID, VariantSum, VariantSum]]:
        """Return each variant with its placed and its cancelled sums."""
        return [
            (
                each,
                self.placed_variants.get(each, _NO_SALES),
                self.cancelled_variants.get(each, _NO_SALES),
            )
            for each in sorted(self.placed_variants.keys() | self.cancelled_variants.keys())
        ]

    def taxes(self) -> list[tuple[int, str, TaxSum, TaxSum]]:
        """Return each rate and reason of tax with its placed and its cancelled sums."""
        return [
            (*each, self.placed_taxes.get(each, _NO_TAX), self.cancelled_taxes.get(each, _NO_TAX))
            for each in sorted(self.placed_taxes.keys() | self.cancelled_taxes.keys())
        ]

    def sums(self) -> dict[str, int]:
        """Return the sums by the columns of a report."""
        placed, cancelled, late = self.placed, self.cancelled, self.late
        return {
            "orders_count": placed.orders,
            "units": placed.units,
            "gross_minor": placed.total_minor,
            "cancelled_count": cancelled.orders,
            "cancelled_units": cancelled.units,
            "cancelled_minor": cancelled.total_minor,
            "late_count": late.orders,
            "late_units": late.units,
            "late_minor": late.total_minor,
        }

    def amounts(self) -> dict[str, int]:
        """Return the discounts, shipping and tax in the sums by the columns of a report."""
        parts = {"": self.placed, "cancelled_": self.cancelled, "late_": self.late}
        return {
            f"{prefix}{name}": getattr(each, name)
            for prefix, each in parts.items()
            for name in ("discount_minor", "shipping_minor", "tax_minor")
        }
