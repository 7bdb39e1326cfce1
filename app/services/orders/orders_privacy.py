"""The personal data in orders and their delivery addresses."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.core.clock import Clock
from app.models import TRANSITIONS, Order, User
from app.repositories.orders.guest_order_repository import GuestOrderRepository
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.orders.return_repository import ReturnRepository
from app.repositories.orders.shipment_repository import ShipmentRepository
from app.repositories.payments.payment_repository import PaymentRepository, RefundRepository
from app.schemas.orders.order_schema import OrderRead
from app.schemas.payments.payment_schema import PaymentRead, RefundRead
from app.security.principal import Caller
from app.services.orders.customers import Customers
from app.services.orders.fulfilment.parcels import shipment_document
from app.services.orders.fulfilment.return_documents import return_document
from app.services.personal_data import Guest, PersonalData

FINISHED = frozenset(status for status, following in TRANSITIONS.items() if not following)


class ErasedOrders(Struct, frozen=True):
    """The orders of a guest who was erased."""

    cleared: Sequence[UUID]
    waiting: Sequence[UUID]
    """The unfinished orders, which are cleared when they finish."""
    deleted_carts: int


class OrdersPrivacy(PersonalData):
    """Exports the orders and shipments of a person, and clears the personal data in them."""

    def __init__(
        self,
        orders: OrderRepository,
        guests: GuestOrderRepository,
        customers: Customers,
        payments: PaymentRepository,
        refunds: RefundRepository,
        shipments: ShipmentRepository,
        returns: ReturnRepository,
        clock: Clock,
    ) -> None:
        self._orders = orders
        self._guests = guests
        self._customers = customers
        self._payments = payments
        self._refunds = refunds
        self._shipments = shipments
        self._returns = returns
        self._clock = clock

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return all orders of the user, with their payments, shipments and returns."""
        return await self._exported(await self._orders.all_of_user(user.id))

    async def _exported(self, orders: Sequence[Order]) -> dict[str, Any]:
        """Return orders with all their parts, by the fields of an export."""
        by_id = {order.id: order for order in orders}
        returns = await self._returns.of_orders(by_id)
        payments = await self._payments.of_orders(by_id)
        refunds = await self._refunds.of_orders(by_id)
        return {
            "orders": [OrderRead.model_validate(each) for each in orders],
            "shipments": [
                shipment_document(each, order.items) for order in orders for each in order.shipments
            ],
            "returns": [return_document(each, by_id[each.order_id]) for each in returns],
            "payments": [PaymentRead.model_validate(each) for each in payments],
            "refunds": [RefundRead.model_validate(each) for each in refunds],
        }

    async def keeps(self, user: User) -> bool:
        """Return whether the user ever ordered: the ledger needs every order."""
        return await self._orders.has_any_of_user(user.id)

    async def erase(self, user: User) -> None:
        """Clear the customer in orders; an order in transit keeps its address until delivery."""
        await self._orders.clear_customers(user.id, FINISHED)
        await self._payments.clear_notes_of_user(user.id)
        await self._shipments.clear_customers(user.id, FINISHED)
        await self._returns.clear_customers(user.id, FINISHED)

    async def of_guest(self, guest: Guest) -> dict[str, Any]:
        """Return all orders of a guest as `export` does."""
        orders = await self._guests.all_of(guest.key)
        return await self._exported([each for each in orders if guest.owns(each.email)])

    async def erase_guest(self, guest: Guest) -> ErasedOrders:
        """Clear the guest in finished orders, and mark the others to be cleared at their end."""
        orders: list[Order] = [
            each for each in await self._guests.locked_of(guest.key) if guest.owns(each.email)
        ]
        cleared, waiting, deleted_carts = [], [], 0
        for order in orders:
            if order.status in FINISHED:
                deleted_carts += await self._customers.clear_guest(order)
                cleared.append(order.id)
            else:
                order.erasure_asked_at = order.erasure_asked_at or self._clock.now()
                waiting.append(order.id)
        await self._guests.flush()
        return ErasedOrders(cleared, waiting, deleted_carts)
