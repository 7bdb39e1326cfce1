"""Queries over the stored responses to requests with an idempotency key."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    String,
    bindparam,
    cast,
    column,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import IdempotencyKey, UserRole
from app.repositories.bulk import MAX_SEARCHED, among_given, insert_rows, table_of

OwnedKey = tuple[str, str]
"""A caller, and a key of that caller."""

_answers = table_of(IdempotencyKey)
_given = (
    func.unnest(bindparam("locks", type_=ARRAY(BigInteger)))
    .table_valued(column("lock", BigInteger))
    .render_derived()
)
_TRY_LOCK = select(_given.c.lock, func.pg_try_advisory_xact_lock(_given.c.lock).label("is_free"))


@cache
def _stored(dialect: str) -> Select[Any]:
    return select(_answers).where(
        among_given(dialect, _answers.c.caller, "callers"),
        among_given(dialect, _answers.c.key, "keys"),
    )


class StoredAnswer(Struct, frozen=True):
    """A stored response, with the columns of its row."""

    caller: str
    key: str
    fingerprint: bytes
    role: UserRole | None
    status: int
    headers: dict[str, Any]
    body: bytes
    expires_at: datetime


class IdempotencyRepository:
    """Stored responses by caller and key."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._is_postgres = session.get_bind().dialect.name == "postgresql"

    async def try_lock(self, owned_keys: Collection[OwnedKey]) -> set[OwnedKey]:
        """Lock keys until the transaction ends; return those that were free."""
        if not self._is_postgres:
            return set(owned_keys)  # SQLite's only writer is this transaction.
        locks = {each: _lock_of(*each) for each in owned_keys}
        rows = await self.session.execute(_TRY_LOCK, {"locks": list(locks.values())})
        free = {row.lock for row in rows if row.is_free}
        return {each for each, lock in locks.items() if lock in free}

    async def get_all(self, owned_keys: Collection[OwnedKey]) -> dict[OwnedKey, StoredAnswer]:
        """Return the stored responses for keys, expired or not."""
        if not owned_keys:
            return {}
        callers, keys = {caller for caller, _ in owned_keys}, {key for _, key in owned_keys}
        rows = await self.session.execute(
            _stored(self.session.get_bind().dialect.name),
            {"callers": list(callers), "keys": list(keys)},
        )
        found = {(row.caller, row.key): StoredAnswer(*row) for row in rows}
        return {each: found[each] for each in owned_keys if each in found}

    async def add(self, answers: Sequence[StoredAnswer]) -> None:
        """Store responses."""
        await insert_rows(self.session, (_answers, [asdict(each) for each in answers]))

    async def delete(self, owned_keys: Collection[OwnedKey]) -> None:
        """Delete responses."""
        for caller, key in owned_keys:
            await self.session.execute(
                delete(_answers).where(_answers.c.caller == caller, _answers.c.key == key)
            )

    async def delete_of_caller(self, caller: str) -> None:
        """Delete the responses to a caller."""
        await self.session.execute(delete(_answers).where(_answers.c.caller == caller))

    async def delete_of_user(self, caller: str, user_id: UUID) -> None:
        """Delete the responses to a user, and the responses to others about the user."""
        await self.session.execute(
            delete(IdempotencyKey).where(
                (IdempotencyKey.caller == caller)
                # The body of a user or an order contains the user id; for an address, the path
                # does.
                | self._body().contains(str(user_id))
                | cast(IdempotencyKey.headers, String).contains(f"/users/{user_id}")
            )
        )

    async def delete_about(self, ids: Sequence[UUID]) -> None:
        """Delete the responses that contain ids, such as those of orders."""
        for start in range(0, len(ids), MAX_SEARCHED):
            found = (self._body().contains(str(each)) for each in ids[start:][:MAX_SEARCHED])
            await self.session.execute(delete(IdempotencyKey).where(or_(*found)))

    def _body(self) -> ColumnElement[str]:
        if self._is_postgres:
            return func.encode(IdempotencyKey.body, "escape")
        return cast(IdempotencyKey.body, String)

    async def delete_expired(self, now: datetime) -> None:
        """Delete the responses that have expired."""
        await self.session.execute(delete(IdempotencyKey).where(IdempotencyKey.expires_at <= now))


def _lock_of(caller: str, key: str) -> int:
    digest = hashlib.blake2b(f"{caller}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
