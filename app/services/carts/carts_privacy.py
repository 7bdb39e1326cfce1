"""The personal data in carts."""

from collections.abc import Mapping
from typing import Any

from app.models import User
from app.repositories.carts.cart_repository import CartRepository
from app.security.principal import Caller
from app.services.carts.cart_documents import document_of
from app.services.carts.cart_quotes import CartQuotes
from app.services.personal_data import PersonalData


class CartsPrivacy(PersonalData):
    """Exports and deletes the cart of a person."""

    def __init__(self, carts: CartRepository, quotes: CartQuotes, low_stock_at: int) -> None:
        self._carts = carts
        self._quotes = quotes
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
