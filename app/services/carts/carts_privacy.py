"""The personal data in carts."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.models import Cart, User
from app.repositories.carts.cart_line_repository import CartLineRepository
from app.repositories.carts.cart_repository import CartRepository
from app.security.principal import Caller
from app.services.carts.cart_documents import document_of
from app.services.carts.cart_quotes import CartQuotes
from app.services.personal_data import Guest, PersonalData
from app.services.system.idempotency_service import IdempotencyService


class CartsPrivacy(PersonalData):
    """Exports and deletes the cart of a person."""

    def __init__(
        self,
        carts: CartRepository,
        lines: CartLineRepository,
        quotes: CartQuotes,
        replies: IdempotencyService,
        low_stock_at: int,
    ) -> None:
        self._carts = carts
        self._lines = lines
        self._quotes = quotes
        self._replies = replies
        self._low_stock_at = low_stock_at

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return the cart of the user, if there is one."""
        carts = await self._carts.all_of_user(user.id)
        return {
            "carts": [
                document_of(await self._quotes.of(each), self._low_stock_at) for each in carts
            ]
        }

    async def keeps(self, user: User) -> bool:
        """Return whether carts keep the row of the user: they do not."""
        return False

    async def erase(self, user: User) -> None:
        """Delete the cart of the user."""
        await self._carts.delete_of_user(user.id)

    async def of_guest(self, guest: Guest) -> tuple[Sequence[Cart], dict[UUID, dict[UUID, int]]]:
        """Return the carts of a guest, and the quantities by variant of those that have lines."""
        carts = [
            each for each in await self._carts.all_of_guest(guest.key) if guest.owns(each.email)
        ]
        return carts, await self._lines.quantities_of([each.id for each in carts])

    async def stop_guest(self, guest: Guest) -> None:
        """Prevent a guest from ordering a cart until the transaction ends."""
        await self._carts.lock_open_of_guest(guest.key)

    async def erase_guest(self, guest: Guest, waiting: Collection[UUID]) -> int:
        """Delete the carts of a guest and return their number; that of an unfinished order stays.

        The guest sees and cancels the order through this cart, which is deleted at the end of the
        order.
        """
        carts = await self._carts.all_of_guest(guest.key, lock=True)
        gone = [each for each in carts if guest.owns(each.email) and each.order_id not in waiting]
        for cart in gone:
            await self.delete(cart)
        return len(gone)

    async def delete(self, cart: Cart) -> None:
        """Delete the cart of a guest, with the stored responses to its requests."""
        if cart.token_digest is not None:
            await self._replies.delete_of_guest(cart.token_digest)
        await self._carts.delete(cart)
