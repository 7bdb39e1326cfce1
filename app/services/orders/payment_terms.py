"""How orders of carts and of drafts are paid."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from app.errors import NotSoldInCurrency


class PaymentTerms(Struct, frozen=True):
    """How orders of carts and of drafts are paid."""

    currency: str
    holds: Mapping[str, timedelta]
    """How long an order waits for its payment, for each offered way to pay."""
    instructions: str | None
    """The instructions for the customer."""

    def require_currency(self, currency: str, subject_id: UUID) -> None:
        """Require that a cart or a draft is in the currency in which orders are placed.

        Raises:
            NotSoldInCurrency: the cart or the draft is in another currency.
        """
        if currency != self.currency:
            raise NotSoldInCurrency(
                f"orders are placed in {self.currency}", currency=currency, id=str(subject_id)
            )

    @property
    def longest_hold(self) -> timedelta:
        """How long an order waits while the way to pay is not chosen yet."""
        return max(self.holds.values())
