"""Builds the service of orders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.carts.cart_line_repository import CartLineRepository
from app.repositories.carts.cart_repository import CartRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.stock_repository import StockRepository
from app.repositories.identity.address_repository import AddressRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.order_repository import OrderRepository
from app.services.orders.checkouts import Checkouts, PaymentTerms
from app.services.orders.order_batches import BatchWork, OrderBatches
from app.services.orders.order_moves import OrderMoves
from app.services.orders.order_service import OrderService
from app.services.orders.orders_privacy import OrdersPrivacy
from app.wiring.areas.carts import provide_quotes
from app.wiring.areas.messaging import provide_outbox
from app.wiring.areas.promotions import provide_promotions
from app.wiring.areas.shipping import provide_shipping
from app.wiring.areas.system import provide_errands, provide_idempotency, provide_mails
from app.wiring.areas.taxes import provide_taxes
from app.wiring.resources import Shop


def provide_orders(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OrderService:
    """Return the service of orders."""
    return OrderService(
        OrderRepository(session),
        ProductRepository(session),
        StockRepository(session),
        UserRepository(session),
        AddressRepository(session),
        provide_outbox(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.cache,
        provide_taxes(session, shop),
        provide_shipping(session, shop),
        provide_checkouts(session, shop),
    )


def provide_order_moves(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OrderMoves:
    """Return the service that moves orders along their statuses."""
    return OrderMoves(
        OrderRepository(session),
        StockRepository(session),
        UserRepository(session),
        provide_outbox(session, shop),
        shop.clock,
        provide_checkouts(session, shop),
    )


def provide_checkouts(session: AsyncSession, shop: Shop) -> Checkouts:
    """Return what the checkout of carts adds to the placement of orders."""
    settings = shop.settings
    return Checkouts(
        CartRepository(session),
        CartLineRepository(session),
        OrderRepository(session),
        UserRepository(session),
        provide_quotes(session, shop),
        provide_promotions(session, shop),
        provide_shipping(session, shop),
        provide_errands(session, shop),
        provide_mails(session, shop),
        shop.clock,
        settings.shop_currency,
        PaymentTerms(settings.manual_payment_hours, settings.payment_instructions),
    )


def provide_personal_data(session: AsyncSession, _shop: Shop) -> OrdersPrivacy:
    """Return the personal data in orders."""
    return OrdersPrivacy(OrderRepository(session))


def order_batches(shop: Shop) -> OrderBatches:
    """Return what places the orders of a process together."""

    @asynccontextmanager
    async def begin(is_hasty: bool) -> AsyncIterator[BatchWork]:
        async with shop.database.write(is_hasty=is_hasty) as session:
            yield BatchWork(provide_orders(session, shop), provide_idempotency(session, shop))

    return OrderBatches(begin)


def provide_batches(state: State) -> OrderBatches:
    """Return what places the orders of this process together."""
    batches: OrderBatches = state.order_batches
    return batches


Batches = NamedDependency[OrderBatches]
Orders = NamedDependency[OrderService]
Moves = NamedDependency[OrderMoves]

DEPENDENCIES = {
    "orders": Provide(provide_orders, sync_to_thread=False),
    "order_moves": Provide(provide_order_moves, sync_to_thread=False),
    "order_batches": Provide(provide_batches, sync_to_thread=False),
}
