"""How orders of carts and of drafts are paid."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.errors import NotSoldInCurrency


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """How orders of carts and of drafts are paid."""

    currency: str
    holds: Mapping[str, timedelta]
    """How long an order waits for its payment, by the ways to pay that are offered."""
    instructions: str | None
    """What a customer is told about it."""

    def require_currency(self, currency: str, subject_id: UUID) -> None:
        """Require that a cart or a draft is in the currency in which orders are placed.

        Raises:
            NotSoldInCurrency: it is not.
        """
        if currency != self.currency:
            raise NotSoldInCurrency(
                f"orders are placed in {self.currency}", currency=currency, id=str(subject_id)
            )

    @property
    def longest_hold(self) -> timedelta:
        """How long an order waits whose way to be paid is not chosen yet."""
        return max(self.holds.values())
