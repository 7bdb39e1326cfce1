"""Orders: their placement and their transitions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.cache.areas.orders import ORDERS
from app.cache.cache import Cache, Found
from app.cache.representation import Representation
from app.core.clock import Clock
from app.errors import DomainError, VariantRequired
from app.models import TRANSITIONS, MovementReason, Order, OrderStatus
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.stock_repository import StockRepository, movement_row
from app.repositories.identity.address_repository import AddressRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.orders.order_events import OrderPlacedEvent, OrderStatusChangedEvent
from app.schemas.orders.order_messages import OrderStatusChanged
from app.schemas.orders.order_schema import (
    DeliveryAddress,
    OrderChangeRead,
    OrderCreate,
    OrderItemRead,
    OrderPage,
    OrderQuery,
    OrderRead,
    OrderShippingRead,
    OrderSummary,
)
from app.schemas.taxes.tax_amounts import TaxAtRate
from app.security.principal import Caller
from app.services.carts.cart_quotes import place_of
from app.services.catalogue.listing import variant_required
from app.services.catalogue.stock_events import stock_events
from app.services.messaging.outbox_service import OutboxService
from app.services.orders.placement import (
    Asked,
    OrderPlacement,
    delivery_of,
    sales_in,
)
from app.services.preconditions import require_match
from app.services.shipping.shipping_service import ShippingService
from app.services.taxes.tax_service import TaxService
from app.tables.orders import NewOrder, without_person

Headers = Mapping[str, str] | None


class OrderService:
    """Places, returns and moves orders; the stock changes in the same transaction."""

    def __init__(
        self,
        orders: OrderRepository,
        products: ProductRepository,
        stock: StockRepository,
        users: UserRepository,
        addresses: AddressRepository,
        outbox: OutboxService,
        clock: Clock,
        currency: str,
        cache: Cache,
        taxes: TaxService,
        shipping: ShippingService,
    ) -> None:
        self._orders = orders
        self._products = products
        self._stock = stock
        self._users = users
        self._addresses = addresses
        self._outbox = outbox
        self._clock = clock
        self._currency = currency
        self._cache = cache
        self._taxes = taxes
        self._shipping = shipping

    async def place(
        self, caller: Caller, data: OrderCreate, order_id: UUID | None = None
    ) -> OrderRead:
        """Place an order and take its units out of stock, completely or not at all.

        Raises:
            InvalidInput: the caller may not order for others, or names no buyer.
            OrderExists: an order with the chosen id exists.
            UserNotFound, UserNotActive: the buyer cannot order.
            ProductNotFound, VariantNotFound, VariantRequired, ProductNotForSale,
            InsufficientStock: something cannot be ordered.
            NotSoldToCountry, TaxUnavailable: there are no rates of tax for the delivery.
            ShippingMethodNotFound, ShippingMethodUnfit: it cannot be shipped like that.
        """
        (outcome,) = await self.place_many([Asked(caller, data, order_id)])
        if isinstance(outcome, DomainError):
            raise outcome
        return outcome

    async def place_many(self, orders: Sequence[Asked]) -> list[OrderRead | DomainError]:
        """Place many orders, each completely or not at all; return each, or why it is refused.

        They are placed in this order: the stock that one takes is not available to the next.
        """
        placement = await self._load_placement(orders)
        evaluated = [placement.evaluate(each) for each in orders]
        placed = [each for each in evaluated if isinstance(each, NewOrder)]
        if not placed:
            return [each for each in evaluated if isinstance(each, DomainError)]
        numbers = iter(await self._note(placed, placement))
        outcomes = [
            _placed(each, next(numbers)) if isinstance(each, NewOrder) else each
            for each in evaluated
        ]
        await self._announce(
            [
                (outcome, each.headers)
                for each, outcome in zip(orders, outcomes, strict=True)
                if isinstance(outcome, OrderRead)
            ],
            placement,
        )
        return outcomes

    async def refusal_of(self, asked: Asked) -> DomainError | None:
        """Return why an order would be refused now, without placing it."""
        evaluated = (await self._load_placement([asked])).evaluate(asked)
        return evaluated if isinstance(evaluated, DomainError) else None

    async def lock_for_placing(self, orders: Sequence[Asked]) -> None:
        """Lock the rows for orders that one transaction places one after the other."""
        await self._users.get_buyers(_buyers_of(orders))
        await self._stock.lock_in_id_order(_wanted_in(orders))

    async def locked_by_others(self, orders: Sequence[Asked]) -> set[UUID]:
        """Return the buyers and variants of orders that other transactions have locked."""
        buyers, variants = _buyers_of(orders), _wanted_in(orders)
        free = await self._users.free_among(buyers, is_shared=True)
        free |= await self._stock.free_among(variants)
        there = await self._users.existing(buyers) | await self._stock.existing(variants)
        return there - free

    async def _load_placement(self, orders: Sequence[Asked]) -> OrderPlacement:
        named = {each.order_id for each in orders if each.order_id is not None}
        at_home = [each for each in orders if each.data.delivery_address is None]
        buyers = await self._users.get_buyers(_buyers_of(orders))
        variants = await self._stock.lock_all(_wanted_in(orders))
        addresses = await self._addresses.primary_of_all(_buyers_of(at_home))
        now, home = self._clock.now(), self._taxes.home
        return OrderPlacement(
            buyers=buyers,
            addresses=addresses,
            taken_ids=await self._orders.existing(named) if named else set(),
            variants=variants,
            choices=await self._choices_in(variants),
            now=now,
            currency=self._currency,
            home=home,
            methods=await self._shipping.methods_of(
                {
                    each.data.shipping_method_id
                    for each in orders
                    if each.data.shipping_method_id is not None
                }
            ),
            taxes=(
                {}
                if home is None
                else await self._taxes.taxes_at(
                    {place_of(delivery_of(each, addresses)) or home for each in orders}, now
                )
            ),
        )

    async def _choices_in(self, variants: Mapping[UUID, Any]) -> dict[UUID, VariantRequired]:
        several = {
            row.product_id
            for row in variants.values()
            if row.variants_count > 1 or row.archived_at is not None
        }
        if not several:
            return {}
        rows = {row.product_id: row for row in variants.values()}
        return {
            product_id: variant_required(
                product_id, rows[product_id].name, rows[product_id].option_names, its
            )
            for product_id, its in (await self._products.variants_of(several)).items()
        }

    async def _note(self, placed: Sequence[NewOrder], placement: OrderPlacement) -> list[int]:
        await self._stock.move_stock(sales_in(placed), placement.now, placement.variants)
        return await self._orders.add_placed(placed)

    async def _announce(
        self, placed: Sequence[tuple[OrderRead, Headers]], placement: OrderPlacement
    ) -> None:
        events: list[tuple[DomainEvent, Headers]] = [
            (OrderPlacedEvent(order.id, order), own) for order, own in placed
        ]
        # The last order of a variant is the one that has used it up.
        last = {line.sold_id: own for order, own in placed for line in order.items}
        events += [
            (event, last[each])
            for each, pieces in placement.taken.items()
            for variant in (placement.variants[each],)
            for event in stock_events(
                variant, variant.stock_quantity, -pieces, self._stock.low_stock_at
            )
        ]
        await self._outbox.announce_all(events)

    async def get(self, caller: Caller, order_id: UUID) -> Found:
        """Return an order.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """

        async def load() -> Representation:
            order = await self._orders.get_whole(caller.owner, order_id)
            return Representation.of(OrderRead.model_validate(order))

        return await self._cache.show(ORDERS, order_id, caller.owner, load)

    async def find(self, caller: Caller, query: OrderQuery) -> OrderPage:
        """Return a page of the orders that the caller may see."""
        orders, following = await self._orders.find(caller.owner, query)
        page = OrderPage(
            items=[OrderSummary.model_validate(order) for order in orders], next=following
        )
        if query.is_counted:
            page.total = await self._orders.count(caller.owner, query)
        return page

    async def move(
        self, caller: Caller, order_id: UUID, status: OrderStatus, if_match: str | None = None
    ) -> OrderRead:
        """Move an order along the transition table; a cancelled one returns its units to stock.

        Raises:
            OrderNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        order = await self._orders.get_whole(caller.owner, order_id, lock=True)
        require_match(if_match, OrderRead.model_validate(order))
        before, now = order.status, self._clock.now()
        order.move_to(status, caller.name, now)
        if not TRANSITIONS[status]:
            await self._clear_address(order)
        await self._orders.flush()
        if status is OrderStatus.CANCELLED:
            await self._return_to_stock(order, now)
        step = OrderStatusChanged(
            order_id=order.id,
            number=order.number,
            from_status=before,
            to_status=status,
            version=order.version,
        )
        await self._outbox.announce(OrderStatusChangedEvent(order.id, step))
        return OrderRead.model_validate(order)

    async def existing(self, order_ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids that belong to orders."""
        return await self._orders.existing(order_ids)

    async def lock_for_moving(self, moves: Sequence[tuple[UUID, OrderStatus]]) -> None:
        """Lock orders that one transaction moves one after the other, and their products."""
        await self._orders.lock_in_id_order({order_id for order_id, _ in moves})
        cancelled = {each for each, status in moves if status is OrderStatus.CANCELLED}
        if cancelled:
            await self._stock.lock_in_id_order(await self._orders.variant_ids_in(cancelled))

    async def cancel(self, caller: Caller, order_id: UUID) -> OrderRead:
        """Cancel an order and return its units to stock.

        Raises:
            OrderNotFound, IllegalTransition: nothing is changed.
        """
        return await self.move(caller, order_id, OrderStatus.CANCELLED)

    async def _clear_address(self, order: Order) -> None:
        """Clear the address of a finished order whose user was anonymised."""
        if order.delivery_address is not None and await self._users.is_anonymised(order.user_id):
            order.delivery_address = without_person(order.delivery_address)

    async def _return_to_stock(self, order: Order, at: datetime) -> None:
        quantities = {item.variant_id: item.quantity for item in order.items}
        locked = await self._stock.lock_stock(quantities)
        await self._stock.move_stock(
            [
                movement_row(
                    variant_id, quantity, MovementReason.CANCELLATION, f"order {order.id}", at
                )
                for variant_id, quantity in quantities.items()
            ],
            at,
            locked,
        )


def _buyers_of(orders: Iterable[Asked]) -> set[UUID]:
    return {each.named_buyer for each in orders if each.named_buyer is not None}


def _wanted_in(orders: Iterable[Asked]) -> set[UUID]:
    return {variant_id for each in orders for variant_id in each.variant_ids}


def _placed(order: NewOrder, number: int) -> OrderRead:
    (step,) = order.steps
    return OrderRead(
        id=order.id,
        number=number,
        user_id=order.user_id,
        status=step.to_status,
        units=order.units,
        discount_minor=order.discount_minor,
        shipping_minor=order.shipping_minor,
        tax_minor=order.tax_minor,
        total_minor=order.total_minor,
        prices_include_tax=order.prices_include_tax,
        currency=order.currency,
        created_at=order.created_at,
        updated_at=order.created_at,
        version=1,
        delivery_address=(
            None if order.delivery_address is None else DeliveryAddress(**order.delivery_address)
        ),
        items=[OrderItemRead.model_validate(line) for line in order.lines],
        shipping_method=(
            None
            if order.shipping_method is None
            else OrderShippingRead.model_validate(order.shipping_method)
        ),
        taxes=[TaxAtRate.model_validate(each) for each in order.taxes],
        history=[
            OrderChangeRead(
                from_status=None,
                to_status=step.to_status,
                actor=order.actor,
                changed_at=step.changed_at,
            )
        ],
    )
