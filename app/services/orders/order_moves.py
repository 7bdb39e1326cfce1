"""The transitions of orders; a cancelled order gives back its stock and promotions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from app.core.clock import Clock
from app.core.order_statuses import EXPIRY, FulfilmentStatus
from app.mails.order_mail import OrderMailKind
from app.models import TRANSITIONS, MovementReason, Order, OrderStatus
from app.repositories.catalogue.stock_repository import StockRepository, movement_row
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.orders.order_events import OrderLineCancelledEvent, OrderStatusChangedEvent
from app.schemas.orders.order_messages import OrderLineCancelled, OrderStatusChanged
from app.schemas.orders.order_schema import OrderRead
from app.security.principal import Caller
from app.services.carts.cart_access import Visitor
from app.services.messaging.outbox_service import OutboxService
from app.services.orders.cancelled_lines import (
    cancel_pieces,
    pieces_left,
    require_nothing_packed,
)
from app.services.orders.checkouts import Checkouts
from app.services.orders.customers import Customers
from app.services.orders.fulfilment.parcels import Parcels
from app.services.orders.payments.order_money import OrderMoney
from app.services.orders.placement import GUEST
from app.services.preconditions import require_match


class OrderMoves:
    """Changes the status of orders by the transition table, with the stock in one transaction."""

    def __init__(
        self,
        orders: OrderRepository,
        stock: StockRepository,
        customers: Customers,
        outbox: OutboxService,
        clock: Clock,
        checkouts: Checkouts,
        money: OrderMoney,
        parcels: Parcels,
    ) -> None:
        self._orders = orders
        self._stock = stock
        self._customers = customers
        self._outbox = outbox
        self._clock = clock
        self._checkouts = checkouts
        self._money = money
        self._parcels = parcels

    async def move(
        self, caller: Caller, order_id: UUID, status: OrderStatus, if_match: str | None = None
    ) -> OrderRead:
        """Change the status of an order; a cancelled one returns its units to stock.

        For a shipped order, the units that are left are packed into one shipment and all shipments
        are shipped; for a delivered one, all shipments are delivered.

        Raises:
            OrderNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        order = await self._orders.get_whole(caller.owner, order_id, lock=True)
        require_match(if_match, OrderRead.model_validate(order))
        order.require_transition(status)
        if status is OrderStatus.PAID and order.email is not None:
            await self._money.record_rest(order, caller.name)
        return await self._moved(order, status, caller.name)

    async def pay(self, order: Order, actor: str) -> None:
        """Mark a locked order as paid if its payments cover the sum."""
        await self._moved(order, OrderStatus.PAID, actor)

    async def expire(self, order_id: UUID) -> None:
        """Cancel an order that is not paid in time; any other order stays unchanged."""
        order = await self._orders.get_whole(None, order_id, lock=True)
        if order.pay_by is None:
            return
        if order.pay_by > self._clock.now() or await self._money.has_open(order_id):
            # The customer has got more time, or a payment may still succeed.
            await self._checkouts.expire_later(order)
            return
        await self._moved(order, OrderStatus.CANCELLED, EXPIRY, OrderMailKind.EXPIRED)

    async def cancel_of_cart(
        self, visitor: Visitor, cart_id: UUID, if_match: str | None = None
    ) -> OrderRead:
        """Cancel the order of a cart; its units return to stock, and the cart can be changed again.

        Raises:
            CartNotFound, CartClaimed, OrderNotFound, PreconditionFailed, IllegalTransition: nothing
                is changed.
        """
        order_id = await self._checkouts.order_id_of(visitor, cart_id, is_changed=True)
        order = await self._orders.get_whole(None, order_id, lock=True)
        require_match(if_match, OrderRead.model_validate(order))
        name = GUEST if visitor.caller.is_anonymous else visitor.caller.name
        return await self._moved(order, OrderStatus.CANCELLED, name)

    async def _moved(
        self,
        order: Order,
        status: OrderStatus,
        actor: str,
        kind: OrderMailKind = OrderMailKind.CANCELLED,
    ) -> OrderRead:
        before, now, is_of_cart = order.status, self._clock.now(), order.email is not None
        is_cancelled = status is OrderStatus.CANCELLED
        await self._fulfil(order, status, now)
        order.move_to(status, actor, now)
        if is_cancelled and is_of_cart:
            # The order of the locks is that of a checkout: the cart, variants, promotions.
            await self._checkouts.open_again(order)
        await self._orders.flush()
        if is_cancelled:
            left = {each.variant_id: each.left_quantity for each in order.items}
            await self._return_to_stock(order, left, now)
        if is_cancelled and is_of_cart:
            await self._checkouts.take_back(order, kind)
        if is_cancelled:
            await self._money.settle(order)
        if status is OrderStatus.SHIPPED:
            await self._money.capture_authorised(order)
        await self._money.ask_invoice(order)
        if not TRANSITIONS[status]:
            await self._customers.clear_if_erased(order)
            await self._orders.flush()
        step = OrderStatusChanged(
            order_id=order.id,
            number=order.number,
            from_status=before,
            to_status=status,
            version=order.version,
        )
        await self._outbox.announce(OrderStatusChangedEvent(order.id, step))
        return OrderRead.model_validate(order)

    async def _fulfil(self, order: Order, status: OrderStatus, at: datetime) -> None:
        """Change the shipments of an order according to its new status."""
        order.require_transition(status)
        if status is OrderStatus.CANCELLED:
            require_nothing_packed(order)
        elif status is OrderStatus.SHIPPED:
            await self._parcels.send_all(order, at)
        elif status is OrderStatus.DELIVERED:
            await self._parcels.arrive_all(order, at)

    async def settle(self, order: Order, actor: str) -> None:
        """Change the status of a locked order to that of its lines and shipments."""
        reached = order.fulfilment_status
        has_left = reached in (FulfilmentStatus.SHIPPED, FulfilmentStatus.DELIVERED)
        if has_left and order.status is OrderStatus.PAID:
            await self._moved(order, OrderStatus.SHIPPED, actor)
        if reached is FulfilmentStatus.DELIVERED and order.status is OrderStatus.SHIPPED:
            await self._moved(order, OrderStatus.DELIVERED, actor)

    async def cancel_line(
        self,
        caller: Caller,
        order_id: UUID,
        variant_id: UUID,
        quantity: int | None,
        if_match: str | None,
    ) -> OrderRead:
        """Cancel units of a line, by default all units left; the order ends with the last units.

        Raises:
            OrderNotFound, PreconditionFailed, OrderLineNotFound, IllegalTransition,
            QuantityNotLeft: nothing is changed.
        """
        order = await self._orders.get_whole(caller.owner, order_id, lock=True)
        require_match(if_match, OrderRead.model_validate(order))
        order.require_transition(OrderStatus.CANCELLED)
        item, pieces = pieces_left(order, variant_id, quantity)
        if pieces == sum(each.left_quantity for each in order.items):
            return await self._moved(order, OrderStatus.CANCELLED, caller.name)
        now = self._clock.now()
        cancelled = cancel_pieces(order, item, pieces, caller.name, now)
        await self._orders.flush_line(item)
        await self._return_to_stock(order, {item.variant_id: pieces}, now)
        if await self._money.settle(order):
            # The payments of the pending order may be enough for the units that are left.
            await self.pay(order, caller.name)
        await self._orders.flush()
        change = OrderLineCancelled(
            order_id=order.id,
            number=order.number,
            position=item.position,
            quantity=pieces,
            amount_minor=cancelled.amount_minor,
            currency=order.currency,
            version=order.version,
        )
        await self._outbox.announce(OrderLineCancelledEvent(order.id, change))
        await self.settle(order, caller.name)
        return OrderRead.model_validate(order)

    async def lock_for_moving(self, moves: Sequence[tuple[UUID, OrderStatus]]) -> None:
        """Lock orders whose status one transaction will change, and their products."""
        await self._orders.lock_in_id_order({order_id for order_id, _ in moves})
        cancelled = {each for each, status in moves if status is OrderStatus.CANCELLED}
        if cancelled:
            await self._stock.lock_in_id_order(await self._orders.variant_ids_in(cancelled))

    async def cancel(
        self, caller: Caller, order_id: UUID, if_match: str | None = None
    ) -> OrderRead:
        """Cancel an order and return its units to stock.

        Raises:
            OrderNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        return await self.move(caller, order_id, OrderStatus.CANCELLED, if_match)

    async def _return_to_stock(self, order: Order, left: Mapping[UUID, int], at: datetime) -> None:
        quantities = {each: pieces for each, pieces in left.items() if pieces}
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
