"""Mails, which are stored in the transaction of their reason and sent after it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.mails.order_mail import Mail, OrderMail, OrderMailKind
from app.mails.rendering import OrderMails
from app.models import OutgoingMail
from app.repositories.system.mail_repository import MailRepository
from app.services.system.mail_texts import MailText

# This is longer than the slowest server takes for a batch: 20 seconds a mail, see
# `app.jobs.mail_delivery`.
_LEASE = timedelta(minutes=2)
_BATCH_SIZE = 5
_MAX_ATTEMPTS = 10


class MailService:
    """Stores mails until they are sent."""

    def __init__(self, mails: MailRepository, order_mails: OrderMails, clock: Clock) -> None:
        self._mails = mails
        self._order_mails = order_mails
        self._clock = clock

    async def write(self, user_id: UUID, recipient: str, text: MailText) -> None:
        """Store a mail, which is sent after the commit."""
        row = _row(self._clock.now(), user_id, recipient, text.subject, text.body)
        await self._mails.add_all([row])

    async def write_to_guest(self, recipient: str, mail: Mail) -> None:
        """Store a mail to a person without an account, which is sent after the commit."""
        row = _row(self._clock.now(), None, recipient, mail.subject, mail.text, mail.html)
        await self._mails.add_all([row])

    async def write_about_order(
        self,
        kind: OrderMailKind,
        order_id: UUID,
        order: OrderMail,
        user_id: UUID | None = None,
    ) -> bool:
        """Store a mail about an order, which is sent after the commit; return whether it is new.

        There is one mail of each kind about an order: after the first one was stored or sent,
        nothing is stored. The order must be stored already, in this transaction or before.
        """
        return bool(await self.write_about_orders(kind, [(order_id, order, user_id)]))

    async def write_about_orders(
        self, kind: OrderMailKind, orders: Sequence[tuple[UUID, OrderMail, UUID | None]]
    ) -> set[UUID]:
        """Store mails about orders of users or guests; return the orders whose mails are new."""
        if not orders:
            return set()
        now = self._clock.now()
        new = await self._mails.record_of_orders([each for each, *_ in orders], kind, now)
        rows = []
        for order_id, order, user_id in orders:
            if order_id in new:
                mail = self._order_mails.render(kind, order)
                rows.append(_row(now, user_id, order.email, mail.subject, mail.text, mail.html))
        await self._mails.add_all(rows)
        return new

    async def write_further_about_order(
        self,
        kind: OrderMailKind,
        order: OrderMail,
        user_id: UUID | None = None,
        invoice_id: UUID | None = None,
    ) -> None:
        """Store a mail about an order that may have several of the same kind.

        An invoice is attached when the mail is sent.
        """
        mail = self._order_mails.render(kind, order)
        row = _row(self._clock.now(), user_id, order.email, mail.subject, mail.text, mail.html)
        await self._mails.add_all([row | {"invoice_id": invoice_id}])

    async def has_due(self) -> bool:
        """Return whether a mail is due."""
        return await self._mails.has_due(self._clock.now())

    async def count_waiting(self) -> int:
        """Return how many mails wait to be sent, up to the limit of a count."""
        return await self._mails.count()

    async def take_due(self) -> Sequence[OutgoingMail]:
        """Lease mails to send; a mail that is not deleted or postponed is leased again later."""
        return await self._mails.lease_due(self._clock.now(), _LEASE, _BATCH_SIZE)

    async def mark_sent(self, mail_id: UUID) -> None:
        """Delete a mail that was sent."""
        await self._mails.delete_by_id(mail_id)

    async def mark_failed(self, mail_id: UUID) -> bool:
        """Schedule a mail for another attempt, later each time; return whether it was given up."""
        mail = await self._mails.find(mail_id)
        if mail is None or mail.attempts >= _MAX_ATTEMPTS:
            await self._mails.delete_by_id(mail_id)
            return True
        mail.due_at = self._clock.now() + timedelta(seconds=5 * 2**mail.attempts)
        await self._mails.flush()
        return False


def _row(
    now: datetime,
    user_id: UUID | None,
    recipient: str,
    subject: str,
    body: str,
    html: str | None = None,
) -> dict[str, Any]:
    """Return a mail as columns."""
    return {
        "id": new_id(now),
        "user_id": user_id,
        "recipient": recipient,
        "subject": subject,
        "body": body,
        "html": html,
        "invoice_id": None,
        "attempts": 0,
        "created_at": now,
        "due_at": now,
    }
