"""The export and erasure of personal data, to which persons have a legal right."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from app.core.clock import Clock
from app.schemas.data.export_schema import UserExport
from app.schemas.identity.user_schema import UserRead
from app.security.areas.data import DataAudited
from app.security.principal import Caller
from app.services.identity.identity_privacy import IdentityPrivacy
from app.services.personal_data import PersonalData
from app.services.preconditions import require_match
from app.services.system.audit_service import AuditService


class PrivacyService:
    """Exports and erases the personal data that the areas of the shop store."""

    def __init__(
        self,
        users: IdentityPrivacy,
        areas: Sequence[PersonalData],
        audit: AuditService,
        clock: Clock,
    ) -> None:
        self._users = users
        self._areas = areas
        self._audit = audit
        self._clock = clock

    async def export(self, caller: Caller, user_id: UUID) -> UserExport:
        """Return all personal data of a user.

        Raises:
            UserNotFound: the user does not exist, or the caller may not see it.
            Forbidden: the caller may not act for this user.
        """
        user = await self._users.get(caller, user_id)
        held: dict[str, Any] = {"exported_at": self._clock.now()}
        for area in self._areas:
            held |= await area.export(caller, user)
        await self._audit.record(DataAudited.USER_EXPORTED, caller, user_id)
        return UserExport(**held)

    async def erase(self, caller: Caller, user_id: UUID, if_match: str | None = None) -> None:
        """Delete a user, or anonymise the user if an area needs the row.

        Raises:
            UserNotFound: the user does not exist, or the caller may not see it.
            Forbidden: the caller may not act for this user.
            LastAdmin: the shop would be left without an administrator.
            PreconditionFailed: the user has changed since the caller read it.
        """
        user = await self._users.lock(caller, user_id)
        require_match(if_match, UserRead.model_validate(user))
        # The network address of users who erase themselves is personal data, too.
        is_own = caller.user_id == user_id
        noted = replace(caller, address=None) if is_own else caller
        await self._users.revoke_keys(noted, user)
        kept_by = [area for area in self._areas if await area.keeps(user)]
        for area in self._areas:
            await area.erase(user)
        await self._users.remove(user, is_kept=bool(kept_by))
        await self._audit.record(DataAudited.USER_ERASED, noted, user_id)
