"""The interface by which an area exports and erases its personal data."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from app.core.email_addresses import address_key, is_same_mailbox
from app.models import User
from app.security.principal import Caller


class Guest(Struct, frozen=True):
    """A person without an account who has proved an e-mail address."""

    email: str

    @property
    def key(self) -> str:
        """The key of the address, which other mailboxes may share."""
        return address_key(self.email)

    def owns(self, email: str | None) -> bool:
        """Return whether an address is that of the proved mailbox."""
        return email is not None and is_same_mailbox(email, self.email)


class PersonalData(Protocol):
    """The personal data of one area."""

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return the personal data of a user, by the fields of the export that the area fills."""

    async def keeps(self, user: User) -> bool:
        """Return whether the area keeps rows that need the row of the user."""

    async def erase(self, user: User) -> None:
        """Delete the personal data of a user; rows that must stay are anonymised."""
