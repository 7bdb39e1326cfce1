"""The personal data in users, addresses and log-ins."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.errors import LastAdmin
from app.models import User, UserRole
from app.repositories.identity.address_repository import AddressRepository
from app.repositories.identity.session_repository import SessionRepository
from app.repositories.identity.user_repository import UserRepository
from app.schemas.identity.user_schema import AddressRead, UserRead
from app.security.principal import Caller
from app.services.identity.api_key_service import ApiKeyService
from app.services.identity.auth_service import show_session
from app.services.identity.user_service import require_authority
from app.services.personal_data import PersonalData


class IdentityPrivacy(PersonalData):
    """Exports and erases users with their addresses and log-ins."""

    def __init__(
        self,
        users: UserRepository,
        addresses: AddressRepository,
        sessions: SessionRepository,
        keys: ApiKeyService,
        clock: Clock,
    ) -> None:
        self._users = users
        self._addresses = addresses
        self._sessions = sessions
        self._keys = keys
        self._clock = clock

    async def get(self, caller: Caller, user_id: UUID) -> User:
        """Return a user whose data the caller may have.

        Raises:
            UserNotFound: the user does not exist, or the caller may not see it.
            Forbidden: the caller may not act for this user.
        """
        user = await self._users.get_of(caller.owner, user_id)
        require_authority(caller, user)
        return user

    async def lock(self, caller: Caller, user_id: UUID) -> User:
        """Return a user whom the caller may erase, locked: no order can be placed meanwhile.

        Raises:
            UserNotFound: the user does not exist, or the caller may not see it.
            Forbidden: the caller may not act for this user.
            LastAdmin: the shop would be left without an administrator.
        """
        admins = await self._users.lock_admins()
        user = await self._users.get_of(caller.owner, user_id, lock=True)
        require_authority(caller, user)
        if user.role is UserRole.ADMIN and user.is_active and len(admins) == 1:
            raise LastAdmin("the shop would be left without an administrator")
        return user

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return the user, the addresses and the valid log-ins."""
        addresses = await self._addresses.of_user(user.id)
        sessions = await self._sessions.of_user(user.id, self._clock.now())
        return {
            "user": UserRead.model_validate(user),
            "addresses": [AddressRead.model_validate(each) for each in addresses],
            "sessions": [show_session(each, caller) for each in sessions],
        }

    async def keeps(self, user: User) -> bool:
        """Return False: the row of a user is kept only for rows of other areas."""
        return False

    async def erase(self, user: User) -> None:
        """Delete the addresses and every log-in; `remove` handles the row of the user."""
        await self._sessions.delete_of_user(user.id)
        await self._addresses.delete_of_user(user.id)

    async def revoke_keys(self, caller: Caller, user: User) -> None:
        """Revoke the API keys that a user has created, before the user is erased."""
        await self._keys.revoke_of_maker(caller, user.id)

    async def remove(self, user: User, *, is_kept: bool) -> None:
        """Delete the row of a user, or anonymise it if it is kept."""
        if is_kept:
            await self._users.anonymise(user, self._clock.now())
        else:
            await self._users.delete(user)
