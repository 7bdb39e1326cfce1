"""What the law lets a person ask of the shop: all that it knows, and to be forgotten."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.schemas.data.export_schema import UserExport
from app.security.areas.data import DataAudited
from app.security.principal import Caller
from app.services.identity.identity_privacy import IdentityPrivacy
from app.services.personal_data import PersonalData
from app.services.system.audit_service import AuditService


class PrivacyService:
    """Exports and erases what the areas of the shop hold on a person."""

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
        """Return everything that is held on a user.

        Raises:
            UserNotFound: there is none of this id, or it is not for the caller to know.
            Forbidden: the user is not one whom the caller may act for.
        """
        user = await self._users.get(caller, user_id)
        held: dict[str, Any] = {"exported_at": self._clock.now()}
        for area in self._areas:
            held |= await area.export(caller, user)
        await self._audit.record(DataAudited.USER_EXPORTED, caller, user_id)
        return UserExport(**held)

    async def erase(self, caller: Caller, user_id: UUID) -> None:
        """Delete a user, or anonymise the one whose row an area needs.

        Raises:
            UserNotFound: there is none of this id, or it is not for the caller to know.
            Forbidden: the user is not one whom the caller may act for.
            LastAdmin: the shop would be left without an administrator.
        """
        user = await self._users.lock(caller, user_id)
        kept_by = [area for area in self._areas if await area.keeps(user)]
        for area in self._areas:
            await area.erase(user)
        await self._users.remove(user, is_kept=bool(kept_by))
        # From where users erase themselves is theirs to be forgotten, too.
        is_own = caller.user_id == user_id
        noted = replace(caller, address=None) if is_own else caller
        await self._audit.record(DataAudited.USER_ERASED, noted, user_id)
