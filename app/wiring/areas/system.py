"""Builds the services of the audit trail, mail, errands, idempotency and health."""

from functools import partial

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.system.audit_repository import AuditRepository
from app.repositories.system.errand_repository import ErrandRepository
from app.repositories.system.idempotency_repository import IdempotencyRepository
from app.repositories.system.mail_repository import MailRepository
from app.services.system.audit_service import AuditService
from app.services.system.errand_service import ErrandService
from app.services.system.health_service import Check, HealthService
from app.services.system.idempotency_service import IdempotencyService
from app.services.system.mail_service import MailService
from app.services.system.system_privacy import SystemPrivacy
from app.wiring.probes import ping_redis
from app.wiring.resources import Shop


def provide_audit(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> AuditService:
    """Return the service of the audit trail."""
    return AuditService(AuditRepository(session), shop.clock)


def provide_mails(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> MailService:
    """Return the service of mails."""
    return MailService(MailRepository(session), shop.order_mails, shop.clock)


def provide_errands(session: AsyncSession, shop: Shop) -> ErrandService:
    """Return the service of errands."""
    return ErrandService(ErrandRepository(session), shop.clock)


def provide_idempotency(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> IdempotencyService:
    """Return the service of idempotency keys."""
    return IdempotencyService(IdempotencyRepository(session), shop.clock)


def provide_personal_data(session: AsyncSession, _shop: Shop) -> SystemPrivacy:
    """Return the personal data in the audit trail, mails and idempotent responses."""
    return SystemPrivacy(
        AuditRepository(session), MailRepository(session), IdempotencyRepository(session)
    )


def provide_health(shop: NamedDependency[Shop]) -> HealthService:
    """Return the service that probes the dependencies."""
    checks = {"database": Check(shop.database.ping, is_needed=True)}
    if (redis := shop.cache.redis) is not None:
        checks["redis"] = Check(partial(ping_redis, redis))
    if shop.ping_broker is not None:
        checks["rabbitmq"] = Check(shop.ping_broker)
    return HealthService(checks)


Audit = NamedDependency[AuditService]
Health = NamedDependency[HealthService]
Mails = NamedDependency[MailService]

DEPENDENCIES = {
    "audit": Provide(provide_audit, sync_to_thread=False),
    "health": Provide(provide_health, sync_to_thread=False),
    "mails": Provide(provide_mails, sync_to_thread=False),
}
