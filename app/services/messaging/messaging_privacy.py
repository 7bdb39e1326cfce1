"""The personal data in operations."""

from collections.abc import Mapping
from typing import Any

from app.models import User
from app.repositories.messaging.operation_repository import OperationRepository
from app.security.principal import Caller
from app.services.personal_data import PersonalData


class MessagingPrivacy(PersonalData):
    """Erases operations, which contain nothing that the rest of an export does not."""

    def __init__(self, operations: OperationRepository) -> None:
        self._operations = operations

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return nothing: the results of operations are exported by their own areas."""
        return {}

    async def keeps(self, user: User) -> bool:
        """Return False: operations do not need the row of the user."""
        return False

    async def erase(self, user: User) -> None:
        """Delete the operations of the user."""
        await self._operations.delete_of_user(user.id)
