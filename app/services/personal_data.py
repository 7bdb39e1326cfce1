"""The interface by which an area exports and erases its personal data."""

from collections.abc import Mapping
from typing import Any, Protocol

from app.models import User
from app.security.principal import Caller


class PersonalData(Protocol):
    """The personal data of one area."""

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return the personal data of a user, by the fields of the export that the area fills."""

    async def keeps(self, user: User) -> bool:
        """Return whether the area keeps rows that need the row of the user."""

    async def erase(self, user: User) -> None:
        """Delete the personal data of a user; rows that must stay are anonymised."""
