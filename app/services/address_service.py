"""The addresses of a user."""

from uuid import UUID

from app.clock import Clock
from app.ids import new_id
from app.models import Address
from app.repositories.user_repository import AddressRepository, UserRepository
from app.schemas.user_schema import AddressChange, AddressCreate, AddressList, AddressRead
from app.services.preconditions import require_match


class AddressService:
    """Adds, shows, changes and removes addresses; who has any has one primary address."""

    def __init__(self, addresses: AddressRepository, users: UserRepository, clock: Clock) -> None:
        self._addresses = addresses
        self._users = users
        self._clock = clock

    async def of_user(self, user_id: UUID) -> AddressList:
        """Show the addresses of a user.

        Raises:
            UserNotFound: there is none of this id.
        """
        await self._users.get(user_id)
        addresses = await self._addresses.of_user(user_id)
        return AddressList(items=[AddressRead.model_validate(address) for address in addresses])

    async def get(self, user_id: UUID, address_id: UUID) -> AddressRead:
        """Show an address of a user.

        Raises:
            AddressNotFound: the user has none of this id.
        """
        return AddressRead.model_validate(await self._addresses.get_of_user(user_id, address_id))

    async def add(self, user_id: UUID, data: AddressCreate) -> AddressRead:
        """Add an address; the first one is primary.

        Raises:
            UserNotFound: there is none of this id.
        """
        await self._users.get(user_id, lock=True)
        is_first = await self._addresses.primary_of(user_id) is None
        if data.is_primary:
            await self._addresses.clear_primary(user_id)
        now = self._clock.now()
        address = Address(
            id=new_id(now), user_id=user_id, created_at=now, updated_at=now, **data.model_dump()
        )
        address.is_primary = data.is_primary or is_first
        return AddressRead.model_validate(await self._addresses.add(address))

    async def change(
        self, user_id: UUID, address_id: UUID, change: AddressChange, if_match: str | None = None
    ) -> AddressRead:
        """Change an address; a primary one stays primary until another takes its place.

        Raises:
            UserNotFound, AddressNotFound, PreconditionFailed: nothing is changed.
        """
        # The user's row is the lock on all of the user's addresses.
        await self._users.get(user_id, lock=True)
        address = await self._addresses.get_of_user(user_id, address_id)
        require_match(if_match, AddressRead.model_validate(address))
        changes = dict(change.changes())
        if changes.pop("is_primary", False) and not address.is_primary:
            await self._addresses.clear_primary(user_id)
            address.is_primary = True
        for name, value in changes.items():
            setattr(address, name, value)
        address.updated_at = self._clock.now()
        await self._addresses.flush()
        return AddressRead.model_validate(address)

    async def remove(self, user_id: UUID, address_id: UUID) -> None:
        """Remove an address; the oldest of the others becomes primary if it was.

        Raises:
            UserNotFound, AddressNotFound: nothing is changed.
        """
        await self._users.get(user_id, lock=True)
        address = await self._addresses.get_of_user(user_id, address_id)
        await self._addresses.delete(address)
        others = await self._addresses.of_user(user_id)
        if address.is_primary and others:
            others[0].is_primary = True
            await self._addresses.flush()
