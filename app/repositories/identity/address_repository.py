"""Queries over the addresses of users."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, update

from app.errors import AddressNotFound
from app.models import Address
from app.repositories.base import Repository


class AddressRepository(Repository[Address]):
    """Addresses, each of one user."""

    model = Address
    not_found = AddressNotFound

    async def of_user(self, user_id: UUID) -> Sequence[Address]:
        """Return the addresses of a user, the oldest first."""
        # The id alone does not sort them: it contains only milliseconds, and is otherwise random.
        query = (
            select(Address)
            .where(Address.user_id == user_id)
            .order_by(Address.created_at, Address.id)
        )
        return (await self.session.scalars(query)).all()

    async def count_of_user(self, user_id: UUID) -> int:
        """Return how many addresses a user has."""
        query = select(func.count()).where(Address.user_id == user_id)
        return await self.session.scalar(query) or 0

    async def get_of_user(self, user_id: UUID, address_id: UUID, owner: UUID | None) -> Address:
        """Return an address of a user, if the user is `owner` or `owner` is None.

        Raises:
            AddressNotFound: the user has no address with this id, or the caller may not see it.
        """
        query = self.query().where(Address.id == address_id, Address.user_id == user_id)
        if owner is not None:
            query = query.where(Address.user_id == owner)
        return await self._one(query, address_id)

    async def clear_default_billing(self, user_id: UUID) -> None:
        """Remove the default billing address of a user."""
        await self.session.execute(
            update(Address)
            .where(Address.user_id == user_id, Address.is_default_billing)
            .values(is_default_billing=False)
        )

    async def clear_primary(self, user_id: UUID) -> None:
        """Clear the primary mark of all addresses of a user."""
        await self.session.execute(
            update(Address)
            .where(Address.user_id == user_id, Address.is_primary)
            .values(is_primary=False)
        )

    async def delete_of_user(self, user_id: UUID) -> None:
        """Delete the addresses of a user."""
        await self.session.execute(delete(Address).where(Address.user_id == user_id))
