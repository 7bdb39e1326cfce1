"""The interface of a provider of payments."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from app.models import PaymentStatus, RefundStatus


class ProviderUnreachable(Exception):
    """The provider did not answer, and may or may not have carried out the request."""


class ProviderRefusal(Exception):
    """The provider has refused a request; `code` is the provider's code of the reason."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class SignatureWrong(Exception):
    """An event was not signed by the provider, or too long ago."""


class PaymentOrder(Struct, frozen=True):
    """A payment that a provider is asked to begin."""

    payment_id: UUID
    order_id: UUID
    order_number: int
    amount_minor: int
    currency: str
    email: str | None
    return_url: str | None
    """The address to which the customer returns after the payment."""
    captures_by_itself: bool
    """Whether the money is taken at once, and not when the shop asks for it."""


class PaymentState(Struct, frozen=True):
    """The state of a payment at its provider."""

    reference: str
    status: PaymentStatus
    amount_minor: int
    currency: str
    captured_minor: int = 0
    refunded_minor: int = 0
    """The money that was returned, or is being returned."""
    failure: str | None = None
    payment_id: UUID | None = None
    order_id: UUID | None = None
    order_number: int | None = None
    action_url: str | None = None
    """The address of the page on which the customer has to act, if there is one."""
    client_secret: str | None = None
    """The secret for the provider's script in a browser, which is never stored."""


class RefundState(Struct, frozen=True):
    """The state of a refund at its provider."""

    reference: str
    status: RefundStatus
    failure: str | None = None


class PaymentProvider(Protocol):
    """A provider of payments.

    All methods except `read_event` raise ProviderUnreachable and ProviderRefusal. A call that is
    repeated with its key has no second effect, and returns the current state.
    """

    code: str

    async def begin(self, asked: PaymentOrder, key: str) -> PaymentState:
        """Begin a payment."""

    async def look(self, reference: str) -> PaymentState:
        """Return the current state of a payment."""

    async def capture(self, reference: str, amount_minor: int, key: str) -> PaymentState:
        """Take authorised money, in the currency of the payment; release the rest."""

    async def void(self, reference: str, key: str) -> PaymentState:
        """End a payment without taking money; a captured one is returned unchanged."""

    async def refund(self, reference: str, amount_minor: int, key: str) -> RefundState:
        """Return money that was captured."""

    async def read_event(self, body: bytes, headers: Mapping[str, str]) -> str | None:
        """Return the reference of the payment that an event is about, or None.

        Raises:
            SignatureWrong: the event was not signed by the provider.
        """

    def since(self, moment: datetime) -> AsyncIterator[PaymentState]:
        """Yield the payments that were begun at a moment or later."""

    async def close(self) -> None:
        """Close the connections."""
