"""How orders of carts and of drafts are paid."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """How orders of carts and of drafts are paid."""

    currency: str
    holds: Mapping[str, timedelta]
    """How long an order waits for its payment, by the ways to pay that are offered."""
    instructions: str | None
    """What a customer is told about it."""

    @property
    def longest_hold(self) -> timedelta:
        """How long an order waits whose way to be paid is not chosen yet."""
        return max(self.holds.values())
