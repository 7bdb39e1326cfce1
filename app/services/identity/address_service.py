"""The addresses of a user."""

from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import InvalidInput, TooManyAddresses
from app.models import Address
from app.repositories.identity.address_repository import AddressRepository
from app.repositories.identity.user_repository import UserRepository
from app.schemas.identity.user_schema import (
    MAX_ADDRESSES,
    AddressChange,
    AddressCreate,
    AddressList,
    AddressRead,
    incomplete_members,
)
from app.security.principal import Caller
from app.services.identity.user_service import require_authority
from app.services.preconditions import require_match


class AddressService:
    """Manages addresses: exactly one of a user is primary, and at most one is for billing."""

    def __init__(self, addresses: AddressRepository, users: UserRepository, clock: Clock) -> None:
        self._addresses = addresses
        self._users = users
        self._clock = clock

    async def of_user(self, caller: Caller, user_id: UUID) -> AddressList:
        """Return the addresses of a user.

        Raises:
            UserNotFound: the user does not exist, or the caller may not see it.
        """
        await self._users.get_of(caller.owner, user_id)
        addresses = await self._addresses.of_user(user_id)
        return AddressList(items=[AddressRead.model_validate(address) for address in addresses])

    async def get(self, caller: Caller, user_id: UUID, address_id: UUID) -> AddressRead:
        """Return an address of a user.

        Raises:
            AddressNotFound: the user has no address with this id.
        """
        return AddressRead.model_validate(
            await self._addresses.get_of_user(user_id, address_id, caller.owner)
        )

    async def add(self, caller: Caller, user_id: UUID, data: AddressCreate) -> AddressRead:
        """Add an address; the first one is primary.

        Raises:
            UserNotFound: the user does not exist, or the caller may not see it.
            Forbidden: the caller may not change this user.
            TooManyAddresses: the user has the maximum number of addresses.
        """
        user = await self._users.get_of(caller.owner, user_id, lock=True)
        require_authority(caller, user)
        present = await self._addresses.count_of_user(user_id)
        if present >= MAX_ADDRESSES:
            raise TooManyAddresses(
                f"a user may have {MAX_ADDRESSES} addresses", max_addresses=MAX_ADDRESSES
            )
        if data.is_primary:
            await self._addresses.clear_primary(user_id)
        if data.is_default_billing:
            await self._addresses.clear_default_billing(user_id)
        now = self._clock.now()
        address = Address(
            id=new_id(now), user_id=user_id, created_at=now, updated_at=now, **data.model_dump()
        )
        address.is_primary = data.is_primary or present == 0
        return AddressRead.model_validate(await self._addresses.add(address))

    async def change(
        self,
        caller: Caller,
        user_id: UUID,
        address_id: UUID,
        change: AddressChange,
        if_match: str | None = None,
    ) -> AddressRead:
        """Change an address; a primary one stays primary until another becomes primary.

        Raises:
            UserNotFound, Forbidden, AddressNotFound, PreconditionFailed, InvalidInput: nothing is
                changed.
        """
        # The lock of the user's row also locks all of the user's addresses.
        user = await self._users.get_of(caller.owner, user_id, lock=True)
        require_authority(caller, user)
        address = await self._addresses.get_of_user(user_id, address_id, caller.owner)
        require_match(if_match, AddressRead.model_validate(address))
        changes = dict(change.changes())
        if changes.pop("is_primary", False) and not address.is_primary:
            await self._addresses.clear_primary(user_id)
            address.is_primary = True
        if changes.get("is_default_billing") and not address.is_default_billing:
            await self._addresses.clear_default_billing(user_id)
        for name, value in changes.items():
            setattr(address, name, value)
        if lacking := incomplete_members(address.city, address.postal_code, address.country):
            raise InvalidInput(
                "the address is not complete",
                [{"pointer": f"#/{member}", "detail": reason} for member, reason in lacking],
            )
        address.updated_at = self._clock.now()
        await self._addresses.flush()
        return AddressRead.model_validate(address)

    async def remove(
        self,
        caller: Caller,
        user_id: UUID,
        address_id: UUID,
        if_match: str | None = None,
    ) -> None:
        """Remove an address; if it was primary, the oldest of the others becomes primary.

        Raises:
            UserNotFound, Forbidden, AddressNotFound, PreconditionFailed: nothing is changed.
        """
        user = await self._users.get_of(caller.owner, user_id, lock=True)
        require_authority(caller, user)
        address = await self._addresses.get_of_user(user_id, address_id, caller.owner)
        require_match(if_match, AddressRead.model_validate(address))
        await self._addresses.delete(address)
        others = await self._addresses.of_user(user_id)
        if address.is_primary and others:
            others[0].is_primary = True
            await self._addresses.flush()
