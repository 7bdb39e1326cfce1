"""The personal data in orders and their delivery addresses."""

from collections.abc import Mapping
from typing import Any

from app.models import TRANSITIONS, User
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.orders.order_schema import OrderRead
from app.security.principal import Caller
from app.services.personal_data import PersonalData

FINISHED = frozenset(status for status, following in TRANSITIONS.items() if not following)


class OrdersPrivacy(PersonalData):
    """Exports the orders of a person, and clears their addresses."""

    def __init__(self, orders: OrderRepository) -> None:
        self._orders = orders

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return all orders of the user."""
        orders = await self._orders.all_of_user(user.id)
        return {"orders": [OrderRead.model_validate(each) for each in orders]}

    async def keeps(self, user: User) -> bool:
        """Return whether the user ever ordered: the ledger needs every order."""
        return await self._orders.has_any_of_user(user.id)

    async def erase(self, user: User) -> None:
        """Clear the customer in orders; an order in transit keeps its address until delivery."""
        await self._orders.clear_customers(user.id, FINISHED)
