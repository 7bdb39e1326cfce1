"""Builds the service of orders."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.identity.address_repository import AddressRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.order_repository import OrderRepository
from app.services.orders.order_service import OrderService
from app.services.orders.orders_privacy import OrdersPrivacy
from app.wiring.messaging import provide_outbox
from app.wiring.resources import Shop


def provide_orders(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OrderService:
    """Return the service of orders."""
    return OrderService(
        OrderRepository(session),
        ProductRepository(session),
        UserRepository(session),
        AddressRepository(session),
        provide_outbox(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.cache,
    )


def provide_personal_data(session: AsyncSession, _shop: Shop) -> OrdersPrivacy:
    """Return the personal data in orders."""
    return OrdersPrivacy(OrderRepository(session))


Orders = NamedDependency[OrderService]

DEPENDENCIES = {
    "orders": Provide(provide_orders, sync_to_thread=False),
}
