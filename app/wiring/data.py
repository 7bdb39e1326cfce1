"""Builds the services for import, export and erasure."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.data.user_import_repository import UserImportRepository
from app.repositories.orders.order_repository import OrderRepository
from app.services.data.import_service import ImportService
from app.services.data.privacy_service import PrivacyService
from app.wiring import identity, messaging, orders, system
from app.wiring.resources import Shop
from app.wiring.system import provide_audit


def provide_privacy(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> PrivacyService:
    """Return the service that exports and erases personal data."""
    users = identity.provide_personal_data(session, shop)
    areas = [
        users,
        orders.provide_personal_data(session, shop),
        messaging.provide_personal_data(session, shop),
        system.provide_personal_data(session, shop),
    ]
    return PrivacyService(users, areas, provide_audit(session, shop), shop.clock)


def provide_imports(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ImportService:
    """Return the service that imports files."""
    return ImportService(
        ProductRepository(session),
        UserImportRepository(session),
        OrderRepository(session),
        shop.clock,
        shop.settings.shop_currency,
    )


Privacy = NamedDependency[PrivacyService]

DEPENDENCIES = {
    "privacy": Provide(provide_privacy, sync_to_thread=False),
}
