"""What the law lets a person ask of the shop: all that it knows, and to be forgotten."""

from dataclasses import replace
from uuid import UUID

from app.core.clock import Clock
from app.errors import LastAdmin
from app.models import TRANSITIONS, AuditEvent, User, UserRole
from app.repositories.identity.address_repository import AddressRepository
from app.repositories.identity.session_repository import SessionRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.messaging.operation_repository import OperationRepository
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.system.audit_repository import AuditRepository
from app.repositories.system.idempotency_repository import IdempotencyRepository
from app.repositories.system.mail_repository import MailRepository
from app.schemas.data.export_schema import UserExport
from app.schemas.identity.user_schema import AddressRead, UserRead
from app.schemas.orders.order_schema import OrderRead
from app.schemas.system.audit_schema import Audited, AuditEventRead
from app.security.principal import ANONYMOUS, Caller, name_of_user
from app.services.identity.auth_service import show_session
from app.services.identity.user_service import require_authority
from app.services.system.audit_service import AuditService

FINISHED = frozenset(status for status, following in TRANSITIONS.items() if not following)


class PrivacyService:
    """Exports and erases what the shop holds on a person."""

    def __init__(
        self,
        users: UserRepository,
        addresses: AddressRepository,
        orders: OrderRepository,
        sessions: SessionRepository,
        events: AuditRepository,
        mails: MailRepository,
        answers: IdempotencyRepository,
        operations: OperationRepository,
        audit: AuditService,
        clock: Clock,
    ) -> None:
        self._users = users
        self._addresses = addresses
        self._orders = orders
        self._sessions = sessions
        self._events = events
        self._mails = mails
        self._answers = answers
        self._operations = operations
        self._audit = audit
        self._clock = clock

    async def export(self, caller: Caller, user_id: UUID) -> UserExport:
        """Return everything that is held on a user.

        Raises:
            UserNotFound: there is none of this id, or it is not for the caller to know.
            Forbidden: the user is not one whom the caller may act for.
        """
        user = await self._users.get_of(caller.owner, user_id)
        require_authority(caller, user)
        now = self._clock.now()
        addresses = await self._addresses.of_user(user_id)
        orders = await self._orders.all_of_user(user_id)
        sessions = await self._sessions.of_user(user_id, now)
        events = await self._events.of_user(user_id)
        await self._audit.note(Audited.USER_EXPORTED, caller, user_id)
        return UserExport(
            exported_at=now,
            user=UserRead.model_validate(user),
            addresses=[AddressRead.model_validate(each) for each in addresses],
            orders=[OrderRead.model_validate(each) for each in orders],
            sessions=[show_session(each, caller) for each in sessions],
            events=[_show_event(each, user_id) for each in events],
        )

    async def erase(self, caller: Caller, user_id: UUID) -> None:
        """Forget a user; of one who has ordered the person is forgotten and the orders stay.

        An order on its way keeps its address until it has arrived.

        Raises:
            UserNotFound: there is none of this id, or it is not for the caller to know.
            Forbidden: the user is not one whom the caller may act for.
            LastAdmin: the shop would be left without an administrator.
        """
        admins = await self._users.lock_admins()
        user = await self._users.get_of(caller.owner, user_id, lock=True)
        require_authority(caller, user)
        if user.role is UserRole.ADMIN and user.is_active and len(admins) == 1:
            raise LastAdmin("the shop would be left without an administrator")
        await self._forget_traces(user)
        if await self._orders.has_any_of_user(user_id):
            await self._orders.forget_delivered_to(user_id, FINISHED)
            await self._users.anonymise(user, self._clock.now())
        else:
            await self._users.delete(user)
        # From where users erase themselves is theirs to be forgotten, too.
        is_own = caller.user_id == user_id
        noted = replace(caller, address=None) if is_own else caller
        await self._audit.note(Audited.USER_ERASED, noted, user_id)

    async def _forget_traces(self, user: User) -> None:
        name = name_of_user(user.id)
        await self._sessions.delete_of_user(user.id)
        await self._mails.delete_of_user(user.id)
        await self._events.forget_addresses(user.id, name)
        await self._answers.delete_of_user(name, user.id)
        await self._operations.delete_of_user(user.id)


def _show_event(event: AuditEvent, user_id: UUID) -> AuditEventRead:
    """Return an event as it is shown to whom it happened to: not from where others did it."""
    shown = AuditEventRead.model_validate(event)
    # Who logs in, or fails to, is nobody that is known before.
    is_own = event.actor in (name_of_user(user_id), ANONYMOUS.name)
    return shown if is_own else shown.model_copy(update={"address": None})
