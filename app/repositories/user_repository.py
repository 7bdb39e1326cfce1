"""Queries over users and their addresses."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, exists, insert, select, update

from app.errors import AddressNotFound, EmailTaken, UsernameTaken, UserNotFound
from app.models import Address, Order, User
from app.repositories.base import Repository
from app.schemas.user_schema import UserQuery


def comparison_key(text: str) -> str:
    """Return what uniqueness compares: the text NFC-normalised and case-folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


class UserRepository(Repository[User]):
    """Users that have not been anonymised."""

    model = User
    not_found = UserNotFound
    conflicts = {"email_key": EmailTaken, "username_key": UsernameTaken}

    def query(self) -> Select[User]:
        """Return the users that are still persons."""
        return select(User).where(User.anonymised_at.is_(None))

    async def get_buyer(self, user_id: UUID) -> User:
        """Return a user, who cannot be deleted until the transaction ends.

        Raises:
            UserNotFound: there is none of this id.
        """
        query = self.query().where(User.id == user_id).with_for_update(read=True, key_share=True)
        return await self._one(query, user_id)

    async def find(self, query: UserQuery) -> tuple[Sequence[User], str | None]:
        """Return a page of users and the cursor of the next one."""
        rows = self.query()
        if query.role is not None:
            rows = rows.where(User.role == query.role)
        if query.email is not None:
            rows = rows.where(User.email_key == comparison_key(query.email))
        return await self.page(
            rows, User.created_at, order=query.order, limit=query.limit, cursor=query.cursor
        )

    async def has_orders(self, user_id: UUID) -> bool:
        """Tell whether the user ever ordered."""
        return bool(await self.session.scalar(select(exists().where(Order.user_id == user_id))))

    async def delete(self, user: User) -> None:
        """Delete a user, with the addresses."""
        await self.session.execute(delete(Address).where(Address.user_id == user.id))
        await self.session.delete(user)
        await self.flush()

    async def anonymise(self, user: User, at: datetime) -> None:
        """Forget the person behind a user, with the addresses; the row stays for the orders."""
        await self.session.execute(delete(Address).where(Address.user_id == user.id))
        nobody = f"anonymised-{user.id.hex}"
        user.email = user.email_key = f"{nobody}@invalid"
        user.username = user.username_key = nobody
        user.first_name = user.last_name = "anonymised"
        user.is_active = False
        user.anonymised_at = user.updated_at = at
        user.version += 1
        await self.flush()

    async def ids_by_username(self, usernames: Sequence[str]) -> dict[str, UUID]:
        """Return the ids of the users of these names, by the names as they are compared."""
        keys = {comparison_key(name) for name in usernames}
        rows = await self.session.execute(
            select(User.username_key, User.id).where(
                User.username_key.in_(keys), User.anonymised_at.is_(None)
            )
        )
        return {row.username_key: row.id for row in rows}

    async def taken_keys(self, users: Sequence[Mapping[str, object]]) -> dict[str, UUID]:
        """Return those of the users' e-mail and username keys that are taken, with their owners."""
        rows = await self.session.execute(
            select(User.id, User.email_key, User.username_key).where(
                User.email_key.in_([user["email_key"] for user in users])
                | User.username_key.in_([user["username_key"] for user in users])
            )
        )
        return {key: owner for owner, email, username in rows for key in (email, username)}

    async def add_all(self, users: Sequence[Mapping[str, object]]) -> None:
        """Add many users, given as columns."""
        if users:
            await self.session.execute(insert(User), list(users))


class AddressRepository(Repository[Address]):
    """Addresses, always those of one user."""

    model = Address
    not_found = AddressNotFound

    async def of_user(self, user_id: UUID) -> Sequence[Address]:
        """Return the addresses of a user, the oldest first."""
        # Not by the id alone: it has the millisecond, and the rest of it is random.
        query = (
            select(Address)
            .where(Address.user_id == user_id)
            .order_by(Address.created_at, Address.id)
        )
        return (await self.session.scalars(query)).all()

    async def get_of_user(self, user_id: UUID, address_id: UUID) -> Address:
        """Return an address of a user.

        Raises:
            AddressNotFound: the user has none of this id.
        """
        query = self.query().where(Address.id == address_id, Address.user_id == user_id)
        return await self._one(query, address_id)

    async def primary_of(self, user_id: UUID) -> Address | None:
        """Return the user's primary address; who has none has no address at all."""
        query = select(Address).where(Address.user_id == user_id, Address.is_primary)
        return (await self.session.scalars(query)).one_or_none()

    async def clear_primary(self, user_id: UUID) -> None:
        """Leave the user without a primary address for the moment."""
        await self.session.execute(
            update(Address)
            .where(Address.user_id == user_id, Address.is_primary)
            .values(is_primary=False)
        )

    async def delete(self, address: Address) -> None:
        """Delete an address."""
        await self.session.delete(address)
        await self.flush()
