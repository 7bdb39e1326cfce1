"""Queries over the mails that wait to be sent, and over the records of mails about orders."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.models import OrderMailRecord, OutgoingMail
from app.repositories.base import Repository
from app.repositories.bulk import among, insert_of, insert_rows, table_of, values_of

_mails = table_of(OutgoingMail)
_order_mails = table_of(OrderMailRecord)
_RECORD_ALL, _RECORD = (
    insertion.on_conflict_do_nothing().returning(_order_mails.c.order_id)
    for insertion in (
        insert_of(_order_mails, ("order_id", "kind", "created_at")),
        sqlite_insert(_order_mails),
    )
)


class MailRepository(Repository[OutgoingMail]):
    """Mails that wait to be sent."""

    model = OutgoingMail

    async def has_due(self, now: datetime) -> bool:
        """Return whether a mail is due."""
        return bool(await self.session.scalar(select(exists().where(OutgoingMail.due_at <= now))))

    async def count(self) -> int:
        """Return the number of mails that wait."""
        return await self.bounded_count(select(OutgoingMail))

    async def lease_due(
        self, now: datetime, lease: timedelta, limit: int
    ) -> Sequence[OutgoingMail]:
        """Lease mails that are due: no other process gets them before the lease has expired."""
        query = (
            select(OutgoingMail)
            .where(OutgoingMail.due_at <= now)
            .order_by(OutgoingMail.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        mails = (await self.session.scalars(query)).all()
        for mail in mails:
            mail.due_at = now + lease
            mail.attempts += 1
        await self.session.flush()
        return mails

    async def add_all(self, mails: Sequence[Mapping[str, Any]]) -> None:
        """Add mails, given as columns."""
        await insert_rows(self.session, (_mails, mails))

    async def record_of_orders(
        self, order_ids: Collection[UUID], kind: str, now: datetime
    ) -> set[UUID]:
        """Record that mails about orders are written; return those not recorded before."""
        rows = [{"order_id": each, "kind": kind, "created_at": now} for each in sorted(order_ids)]
        connection = await self.session.connection()
        if connection.dialect.name == "postgresql":
            added = await connection.execute(_RECORD_ALL, values_of((_order_mails, rows)))
        else:
            added = await connection.execute(_RECORD, rows)
        return set(added.scalars())

    async def find(self, mail_id: UUID) -> OutgoingMail | None:
        """Return a mail that still waits to be sent."""
        return await self.session.get(OutgoingMail, mail_id)

    async def delete_by_id(self, mail_id: UUID) -> None:
        """Delete a mail."""
        await self.session.execute(delete(OutgoingMail).where(OutgoingMail.id == mail_id))

    async def to_guests(self) -> Sequence[tuple[UUID, str]]:
        """Return the mails to customers without an account, with their recipients."""
        query = select(OutgoingMail.id, OutgoingMail.recipient)
        rows = await self.session.execute(query.where(OutgoingMail.user_id.is_(None)))
        return [(row.id, row.recipient) for row in rows]

    async def delete_all(self, ids: Collection[UUID]) -> None:
        """Delete mails."""
        chosen = among(self.session, OutgoingMail.id, ids)
        await self.session.execute(delete(OutgoingMail).where(chosen))

    async def records_of(self, order_ids: Collection[UUID]) -> Sequence[OrderMailRecord]:
        """Return the records of the mails about orders, the oldest first."""
        query = select(OrderMailRecord).where(
            among(self.session, OrderMailRecord.order_id, order_ids)
        )
        by = (OrderMailRecord.created_at, OrderMailRecord.order_id, OrderMailRecord.kind)
        return (await self.session.scalars(query.order_by(*by))).all()

    async def delete_of_user(self, user_id: UUID) -> None:
        """Delete the mails to a user."""
        await self.session.execute(delete(OutgoingMail).where(OutgoingMail.user_id == user_id))
