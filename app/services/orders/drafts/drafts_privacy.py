"""The personal data in drafts of orders."""

from collections.abc import Mapping
from typing import Any

from app.models import User
from app.repositories.orders.draft_repository import DraftRepository
from app.security.principal import Caller
from app.services.orders.drafts.draft_quotes import document_of
from app.services.personal_data import PersonalData


class DraftsPrivacy(PersonalData):
    """Exports and deletes the drafts for a person."""

    def __init__(self, drafts: DraftRepository) -> None:
        self._drafts = drafts

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return the drafts for the user, without their current prices."""
        drafts = await self._drafts.all_of_user(user.id)
        return {"order_drafts": [document_of(each, None) for each in drafts]}

    async def keeps(self, user: User) -> bool:
        """Return whether drafts keep the row of the user: they do not."""
        return False

    async def erase(self, user: User) -> None:
        """Delete the drafts for the user."""
        await self._drafts.delete_of_user(user.id)
