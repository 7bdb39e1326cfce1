"""The import of users, identified by e-mail address."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.calendar import ShopDays
from app.core.clock import Clock
from app.core.email_addresses import address_key
from app.core.ids import new_id
from app.models import UserRole
from app.repositories.data.user_import_repository import UserImportRepository
from app.schemas.data.import_schema import UserRow, shown
from app.schemas.identity.user_schema import UserChange
from app.services.data.import_outcome import (
    CALLER,
    Differences,
    FirstRows,
    ImportOptions,
    Numbered,
    Outcome,
    change_of,
    earlier_row,
    parse_rows,
    refusal_of,
)
from app.services.identity.user_service import UserService
from app.tables.identity import comparison_key

_COMPARED = ("username", "first_name", "last_name")


class UserImport:
    """Adds users as customers, and changes existing ones if that is requested."""

    def __init__(
        self,
        users: UserImportRepository,
        service: UserService,
        clock: Clock,
        options: ImportOptions,
    ) -> None:
        self._users = users
        self._service = service
        self._clock = clock
        self._options = options

    async def add(self, rows: Sequence[Numbered], days: ShopDays, first_rows: FirstRows) -> Outcome:
        """Add the users whose e-mail address and username are both new, as customers."""
        outcome = Outcome()
        parsed = parse_rows(UserRow, rows, days, outcome)
        known = await self._users.by_key(
            [address_key(row.email) for _, row in parsed],
            [comparison_key(row.username) for _, row in parsed],
        )
        added: list[UserRow] = []
        changed: list[tuple[int, UUID, UserRow, Differences]] = []
        for number, row in parsed:
            user = known[0].get(address_key(row.email))
            owner = known[1].get(comparison_key(row.username))
            if (reason := _repeated(first_rows, row, number)) is not None:
                outcome.refused.append((number, reason))
            elif owner is not None and (user is None or owner.id != user.id):
                outcome.refused.append((number, "username: belongs to another user"))
            elif user is None:
                added.append(row)
            elif not (differences := _differences(row, user)):
                outcome.unchanged += 1
            elif self._options.updates_existing:
                changed.append((number, user.id, row, differences))
            else:
                outcome.refused.append((number, refusal_of(differences)))
        await self._add(added)
        outcome.added = len(added)
        await self._change(changed, outcome)
        return outcome

    async def _add(self, rows: Sequence[UserRow]) -> None:
        now = self._clock.now()
        await self._users.add_all([_new_user(row, now) for row in rows])

    async def _change(
        self, changed: Sequence[tuple[int, UUID, UserRow, Differences]], outcome: Outcome
    ) -> None:
        for number, user_id, row, differences in changed:
            change = UserChange(**{name: getattr(row, name) for name in differences})
            await self._service.change(CALLER, user_id, change)
            outcome.updated.append((number, change_of(differences)))


def _new_user(row: UserRow, now: datetime) -> dict[str, Any]:
    return {
        **row.model_dump(),
        "id": new_id(now),
        "email_key": address_key(row.email),
        "username_key": comparison_key(row.username),
        "role": UserRole.CUSTOMER,
        "created_at": now,
        "updated_at": now,
    }


def _repeated(first_rows: FirstRows, row: UserRow, number: int) -> str | None:
    """Return the fault if an earlier row of the file has the address or the name."""
    for column, value, key in (
        ("email", row.email, address_key(row.email)),
        ("username", row.username, comparison_key(row.username)),
    ):
        first = earlier_row(first_rows, f"{column} {key}", number)
        if first is not None:
            return f"{column}: {value} is in row {first} already"
    return None


def _differences(row: UserRow, user: Any) -> Differences:
    return {
        name: (shown(here), shown(there))
        for name in _COMPARED
        if (here := getattr(user, name)) != (there := getattr(row, name))
    }
