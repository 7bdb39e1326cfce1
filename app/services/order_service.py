"""How orders are placed and run their course."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.clock import Clock
from app.errors import UserNotActive
from app.ids import new_id
from app.models import MovementReason, Order, OrderChange, OrderStatus
from app.repositories.order_repository import NewLine, NewOrder, NewStep, OrderRepository
from app.repositories.product_repository import ProductRepository
from app.repositories.user_repository import AddressRepository, UserRepository
from app.schemas.order_schema import (
    DeliveryAddress,
    OrderChangeRead,
    OrderCreate,
    OrderItemRead,
    OrderPage,
    OrderQuery,
    OrderRead,
    OrderSummary,
)
from app.services.preconditions import require_match


class OrderService:
    """Places, shows and moves orders; stock follows in the same transaction."""

    def __init__(
        self,
        orders: OrderRepository,
        products: ProductRepository,
        users: UserRepository,
        addresses: AddressRepository,
        clock: Clock,
        currency: str,
    ) -> None:
        self._orders = orders
        self._products = products
        self._users = users
        self._addresses = addresses
        self._clock = clock
        self._currency = currency

    async def place(self, data: OrderCreate, actor: str = "api") -> OrderRead:
        """Take the pieces out of stock and note the order: all of it, or nothing.

        Raises:
            UserNotFound, UserNotActive: the buyer.
            ProductNotFound, ProductNotForSale, InsufficientStock: what is bought.
        """
        buyer = await self._users.get_buyer(data.user_id)
        if not buyer.is_active:
            raise UserNotActive(f"user {buyer.id} may not place orders", user_id=str(buyer.id))
        address = await self._delivery_address(data)
        now = self._clock.now()
        quantities = data.quantities()
        taken = await self._products.take(quantities, now)
        order = NewOrder(
            id=new_id(now),
            user_id=buyer.id,
            currency=self._currency,
            created_at=now,
            actor=actor,
            delivery_address=None if address is None else address.model_dump(),
            lines=[
                NewLine(each, taken[each].sku, taken[each].name, taken[each].price_minor, quantity)
                for each, quantity in quantities.items()
            ],
            steps=[NewStep(OrderStatus.PENDING, now)],
        )
        (number,) = await self._orders.add_placed([order])
        leaving = {each: -quantity for each, quantity in quantities.items()}
        await self._note_movements(order.id, leaving, MovementReason.SALE, now)
        return _placed(order, number, address)

    async def get(self, order_id: UUID) -> OrderRead:
        """Show an order.

        Raises:
            OrderNotFound: there is none of this id.
        """
        return OrderRead.model_validate(await self._orders.get_whole(order_id))

    async def find(self, query: OrderQuery) -> OrderPage:
        """Show a page of orders."""
        orders, following = await self._orders.find(query)
        return OrderPage(
            items=[OrderSummary.model_validate(order) for order in orders], next=following
        )

    async def move(
        self, order_id: UUID, status: OrderStatus, if_match: str | None = None, actor: str = "api"
    ) -> OrderRead:
        """Move an order along the transition table; a cancelled one gives its pieces back.

        Raises:
            OrderNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        order = await self._orders.get_whole(order_id, lock=True)
        require_match(if_match, OrderRead.model_validate(order))
        before, now = order.status, self._clock.now()
        order.move_to(status, now)
        order.history.append(
            OrderChange(
                position=len(order.history) + 1,
                from_status=before,
                to_status=status,
                actor=actor,
                changed_at=now,
            )
        )
        await self._orders.flush()
        if status is OrderStatus.CANCELLED:
            await self._give_back(order, now)
        return OrderRead.model_validate(order)

    async def cancel(self, order_id: UUID, actor: str = "api") -> OrderRead:
        """Cancel an order and put its pieces back into stock.

        Raises:
            OrderNotFound, IllegalTransition: nothing is changed.
        """
        return await self.move(order_id, OrderStatus.CANCELLED, actor=actor)

    async def _delivery_address(self, data: OrderCreate) -> DeliveryAddress | None:
        if data.delivery_address is not None:
            return data.delivery_address
        primary = await self._addresses.primary_of(data.user_id)
        if primary is None:
            return None
        return DeliveryAddress(
            street=primary.street,
            city=primary.city,
            region=primary.region,
            postal_code=primary.postal_code,
            country=primary.country,
        )

    async def _give_back(self, order: Order, at: datetime) -> None:
        quantities = {item.product_id: item.quantity for item in order.items}
        await self._products.put_back(quantities, at)
        await self._note_movements(order.id, quantities, MovementReason.CANCELLATION, at)

    async def _note_movements(
        self, order_id: UUID, quantities: Mapping[UUID, int], reason: MovementReason, at: datetime
    ) -> None:
        rows: list[dict[str, Any]] = [
            {
                "id": new_id(at),
                "product_id": product_id,
                "quantity": quantity,
                "reason": reason,
                "source": f"order {order_id}",
                "created_at": at,
            }
            for product_id, quantity in quantities.items()
        ]
        await self._products.add_movements(rows)


def _placed(order: NewOrder, number: int, address: DeliveryAddress | None) -> OrderRead:
    (step,) = order.steps
    return OrderRead(
        id=order.id,
        number=number,
        user_id=order.user_id,
        status=step.to_status,
        units=order.units,
        total_minor=order.total_minor,
        currency=order.currency,
        created_at=order.created_at,
        updated_at=order.created_at,
        version=1,
        delivery_address=address,
        items=[OrderItemRead.model_validate(line) for line in order.lines],
        history=[
            OrderChangeRead(
                from_status=None,
                to_status=step.to_status,
                actor=order.actor,
                changed_at=step.changed_at,
            )
        ],
    )
