"""The personal data in operations and in messages that wait."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from app.core.countries import OPTIONAL_PARTS
from app.models import User
from app.repositories.messaging.dead_letter_repository import DeadLetterRepository
from app.repositories.messaging.operation_repository import OperationRepository
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.security.principal import Caller
from app.services.personal_data import PersonalData

_ADDRESSES = frozenset({"delivery_address", "billing_address"})
_CONTACT = frozenset({"email", "note"})


class MessagingPrivacy(PersonalData):
    """Erases operations and messages, whose data other areas export."""

    def __init__(
        self,
        operations: OperationRepository,
        letters: DeadLetterRepository,
        outbox: OutboxRepository,
    ) -> None:
        self._operations = operations
        self._letters = letters
        self._outbox = outbox

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return nothing: the results of operations are exported by their own areas."""
        return {}

    async def keeps(self, user: User) -> bool:
        """Return False: operations do not need the row of the user."""
        return False

    async def erase(self, user: User) -> None:
        """Delete the operations and dead letters of the user; anonymise addresses elsewhere.

        A message that waits is still sent or refused, because an operation may depend on it.
        """
        await self._operations.delete_of_user(user.id)
        await self.anonymise_results([user.id])
        await self._letters.delete_about(user.id)
        gone: list[int] = []
        for message in await self._outbox.lock_about(user.id):
            try:
                document = msgspec.json.decode(message.body)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                # This is a copy of a dead letter: everything else in the outbox is JSON.
                gone.append(message.position)
            else:
                message.body = msgspec.json.encode(_anonymised(document))
        await self._outbox.flush()
        if gone:
            await self._outbox.delete(gone)

    async def anonymise_results(self, ids: Sequence[UUID]) -> None:
        """Anonymise the results of operations that contain an id of users or orders."""
        for operation in await self._operations.with_results_about(ids):
            operation.result = _anonymised(operation.result)
        await self._operations.flush()


def _anonymised(document: Any) -> Any:
    """Return a document without the customers in it; only the country of an address is left."""
    if isinstance(document, list):
        return [_anonymised(each) for each in document]
    if not isinstance(document, dict):
        return document
    return {
        name: _country_of(value) if name in _ADDRESSES else _anonymised(value)
        for name, value in document.items()
        if name not in _CONTACT
    }


def _country_of(address: Any) -> Any:
    if not isinstance(address, dict):
        return None
    # The order itself keeps the same part.
    kept = {"region": "", "country": address.get("country")}
    return {name: kept.get(name, "anonymised") for name in address if name not in OPTIONAL_PARTS}
