"""Builds the services of messages and operations."""

from datetime import timedelta

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.messaging.cache_drop_repository import CacheDropRepository
from app.repositories.messaging.dead_letter_repository import DeadLetterRepository
from app.repositories.messaging.inbox_repository import InboxRepository
from app.repositories.messaging.operation_repository import OperationRepository
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.repositories.messaging.waiting_command_repository import WaitingCommandRepository
from app.services.messaging.cache_drop_service import CacheDropService
from app.services.messaging.dead_letter_service import DeadLetterService
from app.services.messaging.inbox_service import InboxService
from app.services.messaging.messaging_privacy import MessagingPrivacy
from app.services.messaging.operation_service import OperationService
from app.services.messaging.outbox_service import OutboxService
from app.services.messaging.waiting_command_service import WaitingCommandService
from app.wiring.areas.system import provide_audit
from app.wiring.resources import Shop


def provide_outbox(session: AsyncSession, shop: Shop) -> OutboxService:
    """Return the service of the outbox."""
    has_broker = shop.settings.rabbitmq_host is not None
    return OutboxService(OutboxRepository(session), shop.clock, has_broker=has_broker)


def provide_waiting_commands(session: AsyncSession, shop: Shop) -> WaitingCommandService:
    """Return the service of the commands that wait for the resource that they change."""
    return WaitingCommandService(
        WaitingCommandRepository(session),
        OutboxRepository(session),
        shop.clock,
        timedelta(hours=shop.settings.message_wait_hours),
    )


def provide_cache_drops(session: AsyncSession, shop: Shop) -> CacheDropService:
    """Return the service of recorded cache invalidations."""
    return CacheDropService(CacheDropRepository(session), shop.clock)


def provide_inbox(session: AsyncSession, shop: Shop) -> InboxService:
    """Return the service of the inbox."""
    return InboxService(InboxRepository(session), shop.clock)


def provide_dead_letters(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> DeadLetterService:
    """Return the service of failed messages."""
    return DeadLetterService(
        DeadLetterRepository(session),
        provide_outbox(session, shop),
        provide_audit(session, shop),
        shop.clock,
    )


def provide_operations(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OperationService:
    """Return the service of operations."""
    return OperationService(OperationRepository(session), provide_outbox(session, shop), shop.clock)


def provide_personal_data(session: AsyncSession, _shop: Shop) -> MessagingPrivacy:
    """Return the personal data in operations and messages."""
    return MessagingPrivacy(
        OperationRepository(session), DeadLetterRepository(session), OutboxRepository(session)
    )


DeadLetters = NamedDependency[DeadLetterService]
Operations = NamedDependency[OperationService]

DEPENDENCIES = {
    "dead_letters": Provide(provide_dead_letters, sync_to_thread=False),
    "operations": Provide(provide_operations, sync_to_thread=False),
}
