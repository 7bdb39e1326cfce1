"""Schemas with amounts of money, each shown with the decimal places of its own currency."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Self

from pydantic import PrivateAttr, field_serializer

from app.core.money import format_minor
from app.schemas.base import Schema
from app.schemas.fields import ShownAmount

AMOUNTS = (
    "amount_minor",
    "authorised_minor",
    "base_minor",
    "before_minor",
    "cancelled_minor",
    "cancelled_net_minor",
    "cancelled_tax_minor",
    "captured_minor",
    "compare_at_minor",
    "credited_minor",
    "discount_minor",
    "from_subtotal_minor",
    "gross_minor",
    "invoiced_minor",
    "missing_minor",
    "net_minor",
    "not_invoiced_minor",
    "not_paid_minor",
    "now_minor",
    "open_minor",
    "overpaid_minor",
    "owed_minor",
    "paid_minor",
    "price_minor",
    "refunded_minor",
    "refund_minor",
    "refund_tax_minor",
    "shipping_minor",
    "shipping_price_minor",
    "shipping_tax_minor",
    "subtotal_minor",
    "tax_minor",
    "total_minor",
    "unit_price_minor",
)
"""The fields with amounts of all schemas."""


class _Amounts(Schema):
    @property
    @abstractmethod
    def unit(self) -> str:
        """The currency of the amounts."""

    # A schema has only some of these fields.
    @field_serializer(*AMOUNTS, check_fields=False)
    def _show(self, minor: int) -> ShownAmount:
        return format_minor(minor, self.unit)


class WithCurrency(_Amounts):
    """A document that names the currency of its amounts in its field `currency`."""

    @property
    def unit(self) -> str:
        """The currency of the amounts."""
        # The field is not declared here, because inherited fields come first in a document.
        own: str = getattr(self, "currency")
        return own

    def hand_down(self, parts: Iterable["InCurrency"]) -> None:
        """Set the currency of the parts of the document."""
        for each in parts:
            each.in_currency(self.unit)


class InCurrency(_Amounts):
    """A document with amounts in a currency that it does not show."""

    # The attribute has no default, so that amounts whose currency was never set are not shown at
    # all.
    _currency: str = PrivateAttr()

    @property
    def unit(self) -> str:
        """The currency of the amounts."""
        return self._currency

    def __eq__(self, other: object) -> bool:
        # Only the fields are compared: the currency belongs to the document around them.
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def in_currency(self, currency: str) -> Self:
        """Return the document, with its amounts in a currency."""
        self._currency = currency
        return self
