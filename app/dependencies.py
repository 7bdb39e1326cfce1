"""The only place where objects are put together."""

from collections.abc import AsyncIterator

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database, outages
from app.migration import migrate
from app.repositories.idempotency_repository import IdempotencyRepository
from app.repositories.order_repository import OrderRepository
from app.repositories.product_repository import ProductRepository
from app.repositories.user_repository import AddressRepository, UserRepository
from app.services.address_service import AddressService
from app.services.health_service import HealthService
from app.services.idempotency_service import IdempotencyService
from app.services.import_service import ImportService
from app.services.order_service import OrderService
from app.services.product_service import ProductService
from app.services.user_service import UserService
from app.settings import Settings

_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Shop:
    """What one process of the shop has: its settings, its database and its clock."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.database = Database(settings.database_url, pool_size=settings.db_pool_size)

    async def prepare(self) -> None:
        """Make the data directory, bring the schema up to date, forget what has expired."""
        if self.database.is_sqlite:
            self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        await migrate(self.database)
        async with self.database.write() as session:
            await provide_idempotency(session, self).forget_expired()

    async def close(self) -> None:
        """Let go of every connection."""
        await self.database.close()


def provide_shop(state: State) -> Shop:
    """Return what this process has."""
    shop: Shop = state.shop
    return shop


async def provide_session(
    request: Request[object, object, State], shop: NamedDependency[Shop]
) -> AsyncIterator[AsyncSession]:
    """Open the session of a request: one transaction for a change, none for a read.

    A transaction commits before the response is sent, so that a failed commit is an error to the
    caller. Litestar resolves sibling dependencies concurrently: nothing else here does I/O.
    """
    if (outer := request.scope["state"].get("session")) is not None:
        async with outages():
            yield outer
    elif request.method in _READING_METHODS:
        async with shop.database.read() as session:
            yield session
    else:
        async with shop.database.write() as session:
            yield session


def provide_users(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> UserService:
    """Return the service of users."""
    return UserService(UserRepository(session), shop.clock)


def provide_addresses(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> AddressService:
    """Return the service of addresses."""
    return AddressService(AddressRepository(session), UserRepository(session), shop.clock)


def provide_products(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ProductService:
    """Return the service of products."""
    return ProductService(ProductRepository(session), shop.clock, shop.settings.shop_currency)


def provide_orders(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OrderService:
    """Return the service of orders."""
    return OrderService(
        OrderRepository(session),
        ProductRepository(session),
        UserRepository(session),
        AddressRepository(session),
        shop.clock,
        shop.settings.shop_currency,
    )


def provide_imports(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ImportService:
    """Return the service that loads files."""
    return ImportService(
        ProductRepository(session),
        UserRepository(session),
        OrderRepository(session),
        shop.clock,
        shop.settings.shop_currency,
    )


def provide_idempotency(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> IdempotencyService:
    """Return the service of idempotency keys."""
    return IdempotencyService(IdempotencyRepository(session), shop.clock)


def provide_health(shop: NamedDependency[Shop]) -> HealthService:
    """Return the service that asks the dependencies for a sign of life."""
    return HealthService({"database": shop.database.ping})


Users = NamedDependency[UserService]
Addresses = NamedDependency[AddressService]
Products = NamedDependency[ProductService]
Orders = NamedDependency[OrderService]
Health = NamedDependency[HealthService]

DEPENDENCIES = {
    "shop": Provide(provide_shop, sync_to_thread=False),
    "session": Provide(provide_session),
    "users": Provide(provide_users, sync_to_thread=False),
    "addresses": Provide(provide_addresses, sync_to_thread=False),
    "products": Provide(provide_products, sync_to_thread=False),
    "orders": Provide(provide_orders, sync_to_thread=False),
    "health": Provide(provide_health, sync_to_thread=False),
}
