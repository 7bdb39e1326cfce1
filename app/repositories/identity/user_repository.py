"""Queries over users."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, exists, select

from app.core.countries import OPTIONAL_PARTS
from app.core.email_addresses import address_key
from app.errors import EmailTaken, UsernameTaken, UserNotFound
from app.models import Address, User, UserRole
from app.repositories.base import Repository
from app.repositories.bulk import among_given, table_of
from app.schemas.identity.user_schema import UserQuery
from app.tables.identity import comparison_key

_users = table_of(User)
_addresses = table_of(Address)
# The names of those that an order stores.
_PARTS_OF_ADDRESS = (
    "recipient",
    "company",
    "street",
    "line2",
    "city",
    "region",
    "postal_code",
    "country",
    "phone",
)


@cache
def _buyers(dialect: str) -> Select[Any]:
    primary = and_(_addresses.c.user_id == _users.c.id, _addresses.c.is_primary)
    return (
        select(
            _users.c.id,
            _users.c.is_active,
            _users.c.email,
            _users.c.email_key,
            *(_addresses.c[part] for part in _PARTS_OF_ADDRESS),
        )
        .select_from(_users.outerjoin(_addresses, primary))
        .where(among_given(dialect, _users.c.id, "ids"), _users.c.anonymised_at.is_(None))
        .order_by(_users.c.id)
        .with_for_update(read=True, key_share=True, of=_users)
    )


class Buyer(Struct, frozen=True):
    """A user for whom an order is placed."""

    is_active: bool
    email: str
    email_key: str
    address: dict[str, Any] | None
    """The primary address, in the form that orders store."""


class Credentials(Struct, frozen=True):
    """The stored credentials of a user."""

    user_id: UUID
    email: str
    username: str
    password_hash: str | None
    is_active: bool


class UserRepository(Repository[User]):
    """Users, except for anonymised ones."""

    model = User
    not_found = UserNotFound
    conflicts = {"email_key": EmailTaken, "username_key": UsernameTaken}

    def query(self) -> Select[User]:
        """Return a query for the users that were not anonymised."""
        return select(User).where(User.anonymised_at.is_(None))

    async def get_of(self, owner: UUID | None, user_id: UUID, *, lock: bool = False) -> User:
        """Return a user, if the user is `owner` or `owner` is None.

        Raises:
            UserNotFound: the user does not exist, or the caller may not see it.
        """
        query = self.query().where(User.id == user_id)
        if owner is not None:
            query = query.where(User.id == owner)
        return await self._one(query, user_id, lock=lock)

    async def credentials_of(self, name: str) -> Credentials | None:
        """Return the credentials of the user with an e-mail address or username."""
        if "@" in name:
            return await self._credentials(User.email_key == address_key(name))
        return await self._credentials(User.username_key == comparison_key(name))

    async def credentials_of_id(self, user_id: UUID) -> Credentials | None:
        """Return the credentials of the user with an id."""
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
        """Return whether an administrator exists, active or not."""
        query = select(exists().where(User.role == UserRole.ADMIN, User.anonymised_at.is_(None)))
        return bool(await self.session.scalar(query))

    async def lock_admins(self) -> Sequence[User]:
        """Return the administrators that may log in, locked in the order of their ids."""
        query = (
            self.query()
            .where(User.role == UserRole.ADMIN, User.is_active)
            .order_by(User.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self.session.scalars(query)).all()

    async def get_buyers(self, ids: Collection[UUID]) -> dict[UUID, Buyer]:
        """Return users with their addresses; they cannot be deleted before the transaction ends."""
        if not ids:
            return {}
        statement = _buyers(self.session.get_bind().dialect.name)
        rows = await self.session.execute(statement, {"ids": list(ids)})
        return {
            user_id: Buyer(is_active, email, email_key, _stored_by_orders(parts))
            for user_id, is_active, email, email_key, *parts in rows
        }

    async def find(self, query: UserQuery) -> tuple[Sequence[User], str | None]:
        """Return a page of users, and the cursor of the next page."""
        return await self.page(
            self._chosen(query),
            User.created_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def count(self, query: UserQuery) -> int:
        """Return the number of users, up to the limit of a count."""
        return await self.bounded_count(self._chosen(query))

    def _chosen(self, query: UserQuery) -> Select[User]:
        rows = self.query()
        if query.role is not None:
            rows = rows.where(User.role == query.role)
        if query.email is not None:
            rows = rows.where(User.email_key == address_key(query.email))
        return rows

    async def is_anonymised(self, user_id: UUID) -> bool:
        """Return whether a user was anonymised."""
        query = select(exists().where(User.id == user_id, User.anonymised_at.is_not(None)))
        return bool(await self.session.scalar(query))

    async def anonymise(self, user: User, at: datetime) -> None:
        """Anonymise a user; the row stays."""
        nobody = f"anonymised-{user.id.hex}"
        user.email = user.email_key = f"{nobody}@invalid"
        user.username = user.username_key = nobody
        user.first_name = user.last_name = "anonymised"
        user.password_hash = user.email_verified_at = None
        user.is_active = False
        user.anonymised_at = user.updated_at = at
        user.version += 1
        await self.flush()


def _stored_by_orders(parts: Sequence[str | None]) -> dict[str, Any] | None:
    """Return an address in the stored form of `DeliveryAddress`, without empty optional parts."""
    named = dict(zip(_PARTS_OF_ADDRESS, parts, strict=True))
    if named["country"] is None:
        return None
    return {name: value for name, value in named.items() if value or name not in OPTIONAL_PARTS}
