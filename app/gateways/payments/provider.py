"""What the shop asks a provider of payments, and what it gets to know."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.models import PaymentStatus, RefundStatus


class ProviderUnreachable(Exception):
    """The provider did not answer, and may or may not have done what was asked."""


class ProviderRefusal(Exception):
    """The provider has answered that it does not do what was asked; `code` is its own word."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class SignatureWrong(Exception):
    """An event was not signed by the provider, or too long ago."""


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """A payment that a provider is asked to begin."""

    payment_id: UUID
    order_id: UUID
    order_number: int
    amount_minor: int
    currency: str
    email: str | None
    return_url: str | None
    """Where the customer goes after it."""
    captures_by_itself: bool
    """Whether the money is taken at once, instead of when the shop asks for it."""


@dataclass(frozen=True, slots=True)
class PaymentState:
    """A payment as its provider has it."""

    reference: str
    status: PaymentStatus
    amount_minor: int
    currency: str
    captured_minor: int = 0
    refunded_minor: int = 0
    """What was returned, or is on its way."""
    failure: str | None = None
    payment_id: UUID | None = None
    order_id: UUID | None = None
    order_number: int | None = None
    action_url: str | None = None
    """Where the customer has to do something, if that is on a page."""
    client_secret: str | None = None
    """What the provider's script in a browser needs; never stored."""


@dataclass(frozen=True, slots=True)
class RefundState:
    """A refund as its provider has it."""

    reference: str
    status: RefundStatus
    failure: str | None = None


class PaymentProvider(Protocol):
    """A provider of payments. All but `read_event` raise ProviderUnreachable and ProviderRefusal.

    A call that is repeated with its key has no second effect, and returns what is so now.
    """

    code: str

    async def begin(self, asked: PaymentOrder, key: str) -> PaymentState:
        """Begin a payment."""

    async def look(self, reference: str) -> PaymentState:
        """Return a payment as it is now."""

    async def capture(self, reference: str, amount_minor: int, key: str) -> PaymentState:
        """Take money that was authorised, in the currency of the payment; release the rest."""

    async def void(self, reference: str, key: str) -> PaymentState:
        """End a payment without money; a captured one is returned as it is."""

    async def refund(self, reference: str, amount_minor: int, key: str) -> RefundState:
        """Return money that was captured."""

    async def read_event(self, body: bytes, headers: Mapping[str, str]) -> str | None:
        """Return the reference of the payment that an event is about, None if it is about none.

        Raises:
            SignatureWrong: it was not signed by the provider.
        """

    def since(self, moment: datetime) -> AsyncIterator[PaymentState]:
        """Yield the payments that were begun at a moment or later."""

    async def close(self) -> None:
        """Close the connections."""
