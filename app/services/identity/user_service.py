"""Users and their roles."""

from uuid import UUID

from app.cache.areas.identity import USERS
from app.cache.cache import Cache, Found
from app.cache.representation import Representation
from app.core.clock import Clock
from app.core.email_addresses import address_key, is_same_mailbox
from app.core.ids import new_id
from app.errors import Forbidden, LastAdmin
from app.models import User, UserRole
from app.repositories.identity.session_repository import SessionRepository
from app.repositories.identity.user_repository import UserRepository
from app.schemas.identity.user_schema import (
    UserAccessChange,
    UserChange,
    UserCreate,
    UserPage,
    UserQuery,
    UserRead,
)
from app.security.areas.identity import IdentityAudited
from app.security.passwords import Passwords, require_strong
from app.security.principal import Caller
from app.services.identity.account_service import AccountService
from app.services.identity.api_key_service import ApiKeyService, may_make_keys
from app.services.preconditions import require_match
from app.services.system.audit_service import AuditService
from app.tables.identity import comparison_key


class UserService:
    """Registers, returns and changes users and their roles."""

    def __init__(
        self,
        users: UserRepository,
        sessions: SessionRepository,
        accounts: AccountService,
        keys: ApiKeyService,
        audit: AuditService,
        passwords: Passwords,
        clock: Clock,
        cache: Cache,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._accounts = accounts
        self._keys = keys
        self._audit = audit
        self._passwords = passwords
        self._clock = clock
        self._cache = cache

    async def register(self, registration: UserCreate) -> UserRead:
        """Add a customer, and send a mail to verify the address.

        Raises:
            EmailTaken, UsernameTaken: another user has the address or name.
            TooManyRequests: too many registrations with this address.
            InvalidInput: the password does not meet the requirements.
        """
        await self._accounts.limit_registrations(registration.email)
        user = await self.add(registration, UserRole.CUSTOMER)
        await self._accounts.ask_to_verify(user)
        return UserRead.model_validate(user)

    async def add(self, registration: UserCreate, role: UserRole) -> User:
        """Add a user with a role.

        Raises:
            EmailTaken, UsernameTaken: another user has the address or name.
            InvalidInput: the password does not meet the requirements.
        """
        require_strong(registration.password, "password", registration.username, registration.email)
        password_hash = await self._passwords.hash(registration.password)
        now = self._clock.now()
        user = User(
            id=new_id(now),
            email_key=address_key(registration.email),
            username_key=comparison_key(registration.username),
            password_hash=password_hash,
            role=role,
            created_at=now,
            updated_at=now,
            **registration.model_dump(exclude={"password"}),
        )
        return await self._users.add(user)

    async def get(self, caller: Caller, user_id: UUID) -> Found:
        """Return a user.

        Raises:
            UserNotFound: the user does not exist, or the caller may not see it.
        """

        async def load() -> Representation:
            user = await self._users.get_of(caller.owner, user_id)
            return Representation.of(UserRead.model_validate(user))

        return await self._cache.show(USERS, user_id, caller.owner, load)

    async def find(self, query: UserQuery) -> UserPage:
        """Return a page of users."""
        users, following = await self._users.find(query)
        page = UserPage(items=[UserRead.model_validate(user) for user in users], next=following)
        if query.is_counted:
            page.total = await self._users.count(query)
        return page

    async def change(
        self, caller: Caller, user_id: UUID, change: UserChange, if_match: str | None = None
    ) -> UserRead:
        """Change a user; a new e-mail address must be verified, and the previous one is notified.

        Raises:
            UserNotFound, Forbidden, PreconditionFailed, EmailTaken, UsernameTaken,
            InvalidInput, InvalidCredentials, TooManyRequests: nothing is changed.
        """
        changes = dict(change.changes())
        password = changes.pop("current_password", None)
        is_own = caller.user_id == user_id
        if is_own and "email" in changes:
            await self._accounts.limit_network(caller)
            await self._accounts.require_password(caller, password, "current_password")
        user = await self._users.get_of(caller.owner, user_id, lock=True)
        require_authority(caller, user)
        require_match(if_match, UserRead.model_validate(user))
        before = user.email
        is_moved = "email" in changes and not is_same_mailbox(changes["email"], before)
        if is_moved:
            if not is_own:
                await self._accounts.limit_network(caller)
            await self._accounts.limit_mails(changes["email"])
            user.email_key, user.email_verified_at = address_key(changes["email"]), None
        for name, value in changes.items():
            setattr(user, name, value)
        user.username_key = comparison_key(user.username)
        user.updated_at = self._clock.now()
        user.version += 1
        await self._users.flush()
        if is_moved:
            await self._audit.record(IdentityAudited.EMAIL_CHANGED, caller, user.id)
            await self._accounts.notify_of_new_email(user, before)
        return UserRead.model_validate(user)

    async def change_access(
        self,
        caller: Caller,
        user_id: UUID,
        change: UserAccessChange,
        if_match: str | None = None,
    ) -> UserRead:
        """Change the rights of a user.

        A user who may no longer log in is logged out; the API keys of a user who is no longer an
        active administrator are revoked.

        Raises:
            UserNotFound: the user does not exist.
            PreconditionFailed: the user has changed since the caller read it.
            LastAdmin: the shop would be left without an administrator.
        """
        admins = await self._users.lock_admins()
        user = await self._users.get(user_id, lock=True)
        require_match(if_match, UserRead.model_validate(user))
        role, is_active = user.role, user.is_active
        for name, value in change.changes().items():
            setattr(user, name, value)
        if (user.role, user.is_active) == (role, is_active):
            return UserRead.model_validate(user)
        now = self._clock.now()
        if admins and not any(each.role is UserRole.ADMIN and each.is_active for each in admins):
            raise LastAdmin("the shop would be left without an administrator")
        user.updated_at = now
        user.version += 1
        await self._users.flush()
        await self._record_access(caller, user, role, is_active)
        if not user.is_active:
            await self._sessions.end_all(user.id, now)
        if not may_make_keys(user):
            await self._keys.revoke_of_maker(caller, user.id)
        return UserRead.model_validate(user)

    async def _record_access(
        self, caller: Caller, user: User, role: UserRole, is_active: bool
    ) -> None:
        """Record the differences from the former role and access."""
        if user.role is not role:
            await self._audit.record(
                IdentityAudited.ROLE_CHANGED, caller, user.id, **{"from": role, "to": user.role}
            )
        if user.is_active is not is_active:
            await self._audit.record(
                IdentityAudited.ACCESS_CHANGED, caller, user.id, is_active=user.is_active
            )


def require_authority(caller: Caller, user: User) -> None:
    """Require that a user is the caller or a customer, or that the caller is an administrator.

    Staff who could change an administrator's address could reset the password with it.

    Raises:
        Forbidden: the caller may not change this user.
    """
    if caller.user_id == user.id or caller.role is UserRole.ADMIN:
        return
    if user.role is not UserRole.CUSTOMER:
        raise Forbidden("only administrators may change staff and administrators")
