"""Queries over the errands that wait to be done."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, delete, func, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.models import Errand
from app.repositories.base import Repository
from app.repositories.bulk import insert_of, insertion_into, replacing, table_of, values_of

_errands = table_of(Errand)
_NOT_TRIED = {"attempts": 0, "last_error": None, "given_up_at": None}
_KEY = ("kind", "subject_id")
_OTHERS = ("due_at", *_NOT_TRIED)
_PUT_ALL = replacing(insert_of(_errands, (*_KEY, *_OTHERS)), _KEY, _OTHERS)
_PUT = replacing(sqlite_insert(_errands), _KEY, _OTHERS)


class KindCount(NamedTuple):
    """The errands of a kind."""

    kind: str
    first_due_at: datetime | None
    """The time at which the first waiting errand is due; None if none waits."""
    given_up: int


class ErrandRepository(Repository[Errand]):
    """Errands that wait to be done, and those that were given up."""

    model = Errand

    async def put_if_none(self, kind: str, subject_id: UUID, due_at: datetime) -> None:
        """Make an errand due at a moment, unless one exists that was not given up."""
        row = {"kind": kind, "subject_id": subject_id, "due_at": due_at} | _NOT_TRIED
        insertion = insertion_into(self.session, _errands).values(row)
        was_given_up = _errands.c.given_up_at.is_not(None)
        await self.session.execute(replacing(insertion, _KEY, _OTHERS, where=was_given_up))

    async def put_all(self, kind: str, due_at: Mapping[UUID, datetime]) -> None:
        """Make errands of a kind due at moments by subject, whether they exist or not."""
        if not due_at:
            return
        rows = [
            {"kind": kind, "subject_id": each, "due_at": due_at[each], **_NOT_TRIED}
            # The order of the ids prevents deadlocks.
            for each in sorted(due_at)
        ]
        connection = await self.session.connection()
        if connection.dialect.name == "postgresql":
            await connection.execute(_PUT_ALL, values_of((_errands, rows)))
        else:
            await connection.execute(_PUT, rows)

    async def due_kinds(self, now: datetime, kinds: Collection[str]) -> Sequence[str]:
        """Return the kinds that have a due errand."""
        query = _due(now).where(Errand.kind.in_(kinds)).with_only_columns(Errand.kind).distinct()
        return (await self.session.scalars(query)).all()

    async def lease_due(
        self, now: datetime, lease: timedelta, kind: str, at_most: int
    ) -> Sequence[Errand]:
        """Lease those errands of a kind that have been due for longest.

        No other process gets them before the lease has expired.
        """
        query = (
            _due(now)
            .where(Errand.kind == kind)
            .order_by(Errand.due_at)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        leased = (await self.session.scalars(query)).all()
        for errand in leased:
            errand.due_at = now + lease
            errand.attempts += 1
        await self.session.flush()
        return leased

    async def find(self, leased: Errand) -> Errand | None:
        """Return an errand, unless it was put or leased again since its lease."""
        query = select(Errand).where(*_still(leased)).with_for_update()
        found: Errand | None = await self.session.scalar(query)
        return found

    async def delete_leased(self, leased: Errand) -> None:
        """Delete an errand, unless it was put again since its lease."""
        await self.session.execute(delete(Errand).where(*_still(leased)))

    async def counts(self) -> Sequence[KindCount]:
        """Return for each kind since when an errand is due, and how many were given up."""
        waits_until = case((Errand.given_up_at.is_(None), Errand.due_at))
        query = select(
            Errand.kind,
            func.min(waits_until, type_=Errand.due_at.type),
            func.count(Errand.given_up_at),
        )
        return [KindCount(*row) for row in await self.session.execute(query.group_by(Errand.kind))]


def _due(now: datetime) -> Select[Errand]:
    return select(Errand).where(Errand.due_at <= now, Errand.given_up_at.is_(None))


def _still(leased: Errand) -> tuple[ColumnElement[bool], ...]:
    return (
        Errand.kind == leased.kind,
        Errand.subject_id == leased.subject_id,
        Errand.due_at == leased.due_at,
    )
