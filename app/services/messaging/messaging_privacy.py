"""What is held on a person who has asked for something and did not wait for it."""

from collections.abc import Mapping
from typing import Any

from app.models import User
from app.repositories.messaging.operation_repository import OperationRepository
from app.security.principal import Caller
from app.services.personal_data import PersonalData


class MessagingPrivacy(PersonalData):
    """Erases operations, which say nothing that the rest of an export does not."""

    def __init__(self, operations: OperationRepository) -> None:
        self._operations = operations

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return nothing: what operations have brought about is with its own area."""
        return {}

    async def keeps(self, user: User) -> bool:
        """Tell that operations do not outlive their user."""
        return False

    async def erase(self, user: User) -> None:
        """Delete the operations of the user."""
        await self._operations.delete_of_user(user.id)
