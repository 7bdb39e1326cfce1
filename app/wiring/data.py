"""Puts together the services that import, export and erase."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.data.user_import_repository import UserImportRepository
from app.repositories.identity.address_repository import AddressRepository
from app.repositories.identity.session_repository import SessionRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.messaging.operation_repository import OperationRepository
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.system.audit_repository import AuditRepository
from app.repositories.system.idempotency_repository import IdempotencyRepository
from app.repositories.system.mail_repository import MailRepository
from app.services.data.import_service import ImportService
from app.services.data.privacy_service import PrivacyService
from app.wiring.resources import Shop
from app.wiring.system import provide_audit


def provide_privacy(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> PrivacyService:
    """Return the service that exports and erases persons."""
    return PrivacyService(
        UserRepository(session),
        AddressRepository(session),
        OrderRepository(session),
        SessionRepository(session),
        AuditRepository(session),
        MailRepository(session),
        IdempotencyRepository(session),
        OperationRepository(session),
        provide_audit(session, shop),
        shop.clock,
    )


def provide_imports(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ImportService:
    """Return the service that loads files."""
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
