"""The personal data in the audit trail, waiting mails and idempotent responses."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.models import AuditEvent, OrderMailRecord, User
from app.repositories.system.audit_repository import AuditRepository
from app.repositories.system.idempotency_repository import IdempotencyRepository
from app.repositories.system.mail_repository import MailRepository
from app.schemas.system.audit_schema import AuditEventRead
from app.security.principal import ANONYMOUS, Caller, name_of_user
from app.services.personal_data import Guest, PersonalData


class SystemPrivacy(PersonalData):
    """Exports the audit trail of a person, and erases the personal data that need not be kept."""

    def __init__(
        self, events: AuditRepository, mails: MailRepository, answers: IdempotencyRepository
    ) -> None:
        self._events = events
        self._mails = mails
        self._answers = answers

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return the events about the user."""
        events = await self._events.of_user(user.id)
        return {"events": [_show_event(each, user.id) for each in events]}

    async def keeps(self, user: User) -> bool:
        """Return False: events do not need the row of the user, and outlive it."""
        return False

    async def mails_about(self, order_ids: Sequence[UUID]) -> Sequence[OrderMailRecord]:
        """Return the records of the mails about orders."""
        return await self._mails.records_of(order_ids)

    async def erase_guest(self, guest: Guest, order_ids: Sequence[UUID]) -> int:
        """Delete the waiting mails to a guest, and the stored responses about the guest's orders.

        Return the number of the mails.
        """
        ids = [each for each, recipient in await self._mails.to_guests() if guest.owns(recipient)]
        await self._mails.delete_all(ids)
        await self._answers.delete_about(order_ids)
        return len(ids)

    async def erase(self, user: User) -> None:
        """Delete waiting mails and stored responses; clear network addresses in the audit trail."""
        name = name_of_user(user.id)
        await self._mails.delete_of_user(user.id)
        await self._events.clear_addresses(user.id, name)
        await self._answers.delete_of_user(name, user.id)


def _show_event(event: AuditEvent, user_id: UUID) -> AuditEventRead:
    """Return an event for its user, without the network addresses of other callers."""
    shown = AuditEventRead.model_validate(event)
    # The caller of a log-in, even of a failed one, is not authenticated yet.
    is_own = event.actor in (name_of_user(user_id), ANONYMOUS.name)
    return shown if is_own else shown.model_copy(update={"address": None})
