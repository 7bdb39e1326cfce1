"""Placement of orders, one after the other, on rows that were locked for all of them."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.ids import new_id
from app.errors import (
    DomainError,
    InsufficientStock,
    InvalidInput,
    OrderExists,
    ProductNotForSale,
    ProductNotFound,
    UserNotActive,
    UserNotFound,
)
from app.models import MovementReason, OrderStatus
from app.repositories.catalogue.product_repository import movement_row
from app.schemas.orders.order_schema import OrderCreate
from app.security.principal import Caller
from app.tables.orders import NewLine, NewOrder, NewStep


@dataclass(frozen=True, slots=True)
class Asked:
    """An order that a caller asks for."""

    caller: Caller
    data: OrderCreate
    order_id: UUID | None = None
    """The id that the order is to have."""
    headers: Mapping[str, str] | None = None
    """The headers of its events, instead of those of the current context."""

    @property
    def named_buyer(self) -> UUID | None:
        """The user for whom the order is, whether or not the caller may order for that user."""
        return self.data.user_id or self.caller.user_id

    @property
    def product_ids(self) -> set[UUID]:
        """The products of the order."""
        return {line.product_id for line in self.data.items}


@dataclass(slots=True)
class OrderPlacement:
    """The locked rows that some orders need, and the units that these orders have taken."""

    buyers: Mapping[UUID, bool]
    """Whether each buyer may place orders."""
    addresses: Mapping[UUID, dict[str, Any]]
    taken_ids: Set[UUID]
    products: Mapping[UUID, Any]
    now: datetime
    currency: str
    taken: dict[UUID, int] = field(default_factory=dict)
    _placed_ids: set[UUID] = field(default_factory=set)

    @property
    def sold_out(self) -> list[UUID]:
        """The products that these orders have sold out."""
        return [each for each, pieces in self.taken.items() if self._left(each, pieces) == 0]

    def evaluate(self, asked: Asked) -> NewOrder | DomainError:
        """Return an order, or why it is refused."""
        try:
            return self.place(asked)
        except DomainError as refusal:
            return refusal

    def place(self, asked: Asked) -> NewOrder:
        """Return an order and take its units; a refused order takes nothing.

        Raises:
            DomainError: why it is refused.
        """
        data, order_id = asked.data, asked.order_id
        buyer = buyer_of(asked.caller, data)
        if buyer not in self.buyers:
            raise UserNotFound(f"there is no user {buyer}", id=str(buyer))
        if not self.buyers[buyer]:
            raise UserNotActive(f"user {buyer} may not place orders", user_id=str(buyer))
        if order_id is not None and order_id in self.taken_ids | self._placed_ids:
            raise OrderExists(f"there is an order {order_id}", order_id=str(order_id))
        quantities = data.quantities()
        if (refusal := self._refusal_of(quantities)) is not None:
            raise refusal
        for each, quantity in quantities.items():
            self.taken[each] = self.taken.get(each, 0) + quantity
        if order_id is not None:
            self._placed_ids.add(order_id)
        return NewOrder(
            id=order_id or new_id(self.now),
            user_id=buyer,
            currency=self.currency,
            created_at=self.now,
            actor=asked.caller.name,
            delivery_address=(
                self.addresses.get(buyer)
                if data.delivery_address is None
                else data.delivery_address.model_dump()
            ),
            lines=[
                NewLine(each, product.sku, product.name, product.price_minor, quantity)
                for each, quantity in quantities.items()
                for product in (self.products[each],)
            ],
            steps=[NewStep(OrderStatus.PENDING, self.now)],
        )

    def _refusal_of(self, quantities: Mapping[UUID, int]) -> DomainError | None:
        if missing := sorted(str(each) for each in quantities if each not in self.products):
            return ProductNotFound(f"there is no product {missing[0]}", product_ids=missing)
        for each in quantities:
            product = self.products[each]
            if not product.is_active:
                return ProductNotForSale(f"{product.name} is not for sale", product_id=str(each))
        short = [
            {
                "product_id": str(each),
                "asked": quantity,
                "available": self._left(each, self.taken.get(each, 0)),
            }
            for each, quantity in sorted(quantities.items())
            if self._left(each, self.taken.get(each, 0)) < quantity
        ]
        if not short:
            return None
        name = self.products[UUID(str(short[0]["product_id"]))].name
        return InsufficientStock(
            f"{name}: {short[0]['asked']} asked for, {short[0]['available']} in stock",
            products=short,
        )

    def _left(self, product_id: UUID, taken: int) -> int:
        stock: int = self.products[product_id].stock_quantity
        return stock - taken


def buyer_of(caller: Caller, data: OrderCreate) -> UUID:
    """Return the buyer: the caller, or the user whom the caller may order for.

    Raises:
        InvalidInput: the caller may not order for others, or names no buyer.
    """
    if data.user_id is None and caller.user_id is not None:
        return caller.user_id
    if data.user_id is None:
        raise _refused("is required: the caller is not a user")
    if caller.owner is not None and caller.owner != data.user_id:
        raise _refused("may be set by staff only")
    return data.user_id


def sales_in(orders: Iterable[NewOrder]) -> list[dict[str, Any]]:
    """Return the stock movements of orders as columns, except for orders that hold no stock."""
    return [
        movement_row(
            line.product_id,
            -line.quantity,
            MovementReason.SALE,
            f"order {order.id}",
            order.created_at,
        )
        for order in orders
        if order.holds_stock
        for line in order.lines
    ]


def _refused(reason: str) -> InvalidInput:
    return InvalidInput(
        "the body does not match its schema", [{"pointer": "#/user_id", "detail": reason}]
    )
