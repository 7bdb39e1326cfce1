"""Creates logged-in users of any role, and callers with API keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, cast
from uuid import UUID

import httpx
from litestar import Litestar
from sqlalchemy import Table, insert

from app.core.ids import new_id
from app.models import ApiKey, Base, LoginSession, User, UserRole
from app.security.principal import Scope
from app.security.tokens import TokenKind, digest_of
from app.wiring.resources import Shop
from tests.conftest import client_of
from tests.support.factories import PASSWORD

ROLES = tuple(UserRole)
LIFETIME = timedelta(minutes=15)
DAYS = timedelta(days=30)
_numbers = count(1)

Row = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """A logged-in user."""

    user: Row
    session: Row
    access_token: str
    refresh_token: str

    @property
    def id(self) -> str:
        """The user's id as text."""
        return str(self.user["id"])

    @property
    def email(self) -> str:
        """The user's e-mail address."""
        return str(self.user["email"])


@dataclass(frozen=True)
class Machine:
    """An API key, and its secret."""

    row: Row
    key: str


async def person(shop: Shop, role: UserRole = UserRole.CUSTOMER, **changes: Any) -> Person:
    """Return a logged-in user of a role, who is not stored yet."""
    now, number = shop.clock.now(), next(_numbers)
    name = f"{role}-{number}"
    user: Row = {
        "id": new_id(now),
        "email": f"{name}@example.com",
        "username": name,
        "first_name": "Grace",
        "last_name": "Hopper",
        "role": role,
        "is_active": True,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    } | changes
    user |= {"email_key": user["email"].casefold(), "username_key": user["username"].casefold()}
    if "password_hash" not in user:
        user["password_hash"] = await shop.passwords.hash(PASSWORD)
    session_id = new_id(now)
    refresh = shop.tokens.issue(TokenKind.REFRESH, user["id"], DAYS, sid=str(session_id))
    session = {
        "id": session_id,
        "user_id": user["id"],
        "refresh_digest": digest_of(refresh),
        "user_agent": "tests",
        "created_at": now,
        "last_used_at": now,
        "expires_at": now + DAYS,
    }
    access = shop.tokens.issue(TokenKind.ACCESS, user["id"], LIFETIME, sid=str(session_id))
    return Person(user, session, access, refresh)


def machine(shop: Shop, scopes: Collection[Scope], **changes: Any) -> Machine:
    """Return an API key that is not stored yet."""
    now = shop.clock.now()
    key_id = new_id(now)
    key = f"lavka_{key_id.hex}_for-tests-only"
    row = {
        "id": key_id,
        "name": "a machine",
        "digest": digest_of(key),
        "scopes": sorted(scopes),
        "created_at": now,
        # The first use is already recorded, so it changes no row.
        "last_used_at": now,
    } | changes
    return Machine(row, key)


async def insert_rows(shop: Shop, rows: Sequence[tuple[type[Base], Row]]) -> None:
    """Insert rows, with one statement for each table."""
    async with shop.database.write() as session:
        for model in dict.fromkeys(model for model, _ in rows):
            table = cast(Table, model.__table__)
            await session.execute(insert(table), [row for kind, row in rows if kind is model])


async def log_in(shop: Shop, role: UserRole = UserRole.CUSTOMER, **changes: Any) -> Person:
    """Add a logged-in user of a role."""
    new = await person(shop, role, **changes)
    await insert_rows(shop, [(User, new.user), (LoginSession, new.session)])
    return new


async def let_in(shop: Shop, *scopes: Scope, **changes: Any) -> Machine:
    """Add an API key with these scopes."""
    new = machine(shop, scopes, **changes)
    await insert_rows(shop, [(ApiKey, new.row)])
    return new


def bearing(token: str | None) -> dict[str, str]:
    """Return the headers of a caller with a token, or with none."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def client_with(app: Litestar, token: str | None) -> httpx.AsyncClient:
    """Return a client with a token, or with none."""
    client = client_of(app)
    del client.headers["Authorization"]
    client.headers.update(bearing(token))
    return client


def reset_token(shop: Shop, user: Row) -> str:
    """Return the token that a user would get by mail to reset the password."""
    return _mailed(shop, TokenKind.RESET_PASSWORD, user["id"], f"{user['password_hash']}\0", user)


def verify_token(shop: Shop, user: Row) -> str:
    """Return the token that a user would get by mail to verify the address."""
    return _mailed(shop, TokenKind.VERIFY_EMAIL, user["id"], "\0", user)


def _mailed(shop: Shop, kind: TokenKind, user_id: UUID, before: str, user: Row) -> str:
    bound = digest_of(before + user["email"]).hex()
    return shop.tokens.issue(kind, user_id, LIFETIME, for_=bound)
