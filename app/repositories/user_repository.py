"""Queries over users and their addresses."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, delete, exists, func, select, update

from app.errors import AddressNotFound, EmailTaken, UsernameTaken, UserNotFound
from app.models import Address, Order, User, UserRole
from app.repositories.base import Repository
from app.repositories.bulk import among, among_given, insert_rows
from app.schemas.user_schema import UserQuery

_users = cast(Table, User.__table__)
_addresses = cast(Table, Address.__table__)


@cache
def _buyers(dialect: str) -> Select[Any]:
    return (
        select(_users.c.id, _users.c.is_active)
        .where(among_given(dialect, _users.c.id, "ids"), _users.c.anonymised_at.is_(None))
        .order_by(_users.c.id)
        .with_for_update(read=True, key_share=True)
    )


@cache
def _primary_addresses(dialect: str) -> Select[Any]:
    columns = _addresses.c
    return select(
        columns.user_id,
        columns.street,
        columns.city,
        columns.region,
        columns.postal_code,
        columns.country,
    ).where(among_given(dialect, columns.user_id, "user_ids"), columns.is_primary)


def comparison_key(text: str) -> str:
    """Return what uniqueness compares: the text NFC-normalised and case-folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is known of a user who says to be one."""

    user_id: UUID
    email: str
    username: str
    password_hash: str | None
    is_active: bool


class UserRepository(Repository[User]):
    """Users that have not been anonymised."""

    model = User
    not_found = UserNotFound
    conflicts = {"email_key": EmailTaken, "username_key": UsernameTaken}

    def query(self) -> Select[User]:
        """Return the users that are still persons."""
        return select(User).where(User.anonymised_at.is_(None))

    async def get_of(self, owner: UUID | None, user_id: UUID, *, lock: bool = False) -> User:
        """Return a user: the owner, or, for None, any.

        Raises:
            UserNotFound: there is none of this id, or it is not for the caller to know.
        """
        query = self.query().where(User.id == user_id)
        if owner is not None:
            query = query.where(User.id == owner)
        return await self._one(query, user_id, lock=lock)

    async def credentials_of(self, name: str) -> Credentials | None:
        """Return what is known of the user of an e-mail address or a username."""
        key = comparison_key(name)
        column = User.email_key if "@" in key else User.username_key
        return await self._credentials(column == key)

    async def credentials_of_id(self, user_id: UUID) -> Credentials | None:
        """Return what is known of the user of an id."""
        return await self._credentials(User.id == user_id)

    async def _credentials(self, which: ColumnElement[bool]) -> Credentials | None:
        row = (
            await self.session.execute(
                select(
                    User.id, User.email, User.username, User.password_hash, User.is_active
                ).where(which, User.anonymised_at.is_(None))
            )
        ).one_or_none()
        return None if row is None else Credentials(*row)

    async def has_admin(self) -> bool:
        """Tell whether there is an administrator, who may come in or not."""
        query = select(exists().where(User.role == UserRole.ADMIN, User.anonymised_at.is_(None)))
        return bool(await self.session.scalar(query))

    async def lock_admins(self) -> Sequence[User]:
        """Return the administrators that may come in, locked in the order of their ids."""
        query = (
            self.query()
            .where(User.role == UserRole.ADMIN, User.is_active)
            .order_by(User.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self.session.scalars(query)).all()

    async def get_buyers(self, ids: Collection[UUID]) -> dict[UUID, bool]:
        """Return users with whether they are active; none can be deleted until the end."""
        statement = _buyers(self.session.get_bind().dialect.name)
        rows = await self.session.execute(statement, {"ids": list(ids)})
        return {row.id: row.is_active for row in rows}

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

    async def is_anonymised(self, user_id: UUID) -> bool:
        """Tell whether the person behind a user was forgotten."""
        query = select(exists().where(User.id == user_id, User.anonymised_at.is_not(None)))
        return bool(await self.session.scalar(query))

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
        user.password_hash = user.email_verified_at = None
        user.is_active = False
        user.anonymised_at = user.updated_at = at
        user.version += 1
        await self.flush()

    async def ids_by_username(self, usernames: Sequence[str]) -> dict[str, UUID]:
        """Return the ids of the users of these names, by the names as they are compared."""
        keys = {comparison_key(name) for name in usernames}
        rows = await self.session.execute(
            select(User.username_key, User.id).where(
                among(self.session, User.username_key, keys), User.anonymised_at.is_(None)
            )
        )
        return {row.username_key: row.id for row in rows}

    async def taken_keys(self, users: Sequence[Mapping[str, object]]) -> dict[str, UUID]:
        """Return those of the users' e-mail and username keys that are taken, with their owners."""
        rows = await self.session.execute(
            select(User.id, User.email_key, User.username_key).where(
                among(self.session, User.email_key, [user["email_key"] for user in users])
                | among(self.session, User.username_key, [user["username_key"] for user in users])
            )
        )
        return {key: owner for owner, email, username in rows for key in (email, username)}

    async def add_all(self, users: Sequence[Mapping[str, object]]) -> None:
        """Add many users, given as columns."""
        await insert_rows(self.session, (_users, users))


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

    async def count_of_user(self, user_id: UUID) -> int:
        """Return how many addresses a user has."""
        query = select(func.count()).where(Address.user_id == user_id)
        return await self.session.scalar(query) or 0

    async def get_of_user(self, user_id: UUID, address_id: UUID, owner: UUID | None) -> Address:
        """Return an address of a user, who is the owner, or, for None, anybody.

        Raises:
            AddressNotFound: the user has none of this id, or it is not for the caller to know.
        """
        query = self.query().where(Address.id == address_id, Address.user_id == user_id)
        if owner is not None:
            query = query.where(Address.user_id == owner)
        return await self._one(query, address_id)

    async def primary_of(self, user_id: UUID) -> Address | None:
        """Return the user's primary address; who has none has no address at all."""
        query = select(Address).where(Address.user_id == user_id, Address.is_primary)
        return (await self.session.scalars(query)).one_or_none()

    async def primary_of_all(self, user_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
        """Return the primary addresses of users, as an order has them, by user."""
        if not user_ids:
            return {}
        statement = _primary_addresses(self.session.get_bind().dialect.name)
        rows = (await self.session.execute(statement, {"user_ids": list(user_ids)})).mappings()
        return {
            row["user_id"]: {name: row[name] for name in row if name != "user_id"} for row in rows
        }

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
