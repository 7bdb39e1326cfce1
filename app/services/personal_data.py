"""What an area of the shop has to be able to do with what it holds on persons."""

from collections.abc import Mapping
from typing import Any, Protocol

from app.models import User
from app.security.principal import Caller


class PersonalData(Protocol):
    """What one area holds on persons."""

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return what is held on a user, by the fields of the export that the area fills."""

    async def keeps(self, user: User) -> bool:
        """Return whether the area keeps rows that need the row of the user."""

    async def erase(self, user: User) -> None:
        """Delete what is held on a user; rows that must stay are anonymised."""
