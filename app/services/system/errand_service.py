"""Errands, which are stored in the transaction of their reason and done after it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.core.clock import Clock
from app.models import Errand
from app.repositories.system.errand_repository import ErrandRepository

_MAX_ATTEMPTS = 8
_LONGEST_WAIT = timedelta(hours=1)
# Errands that have waited for a service are done soon after it is available again.
_LONGEST_OUTAGE_WAIT = timedelta(minutes=1)
# The wait doubles each time; after this many times, the maximum of an hour applies.
_MAX_DOUBLINGS = 10
_MAX_ERROR_LENGTH = 200


class ErrandService:
    """Stores errands until they are done."""

    def __init__(self, errands: ErrandRepository, clock: Clock) -> None:
        self._errands = errands
        self._clock = clock

    async def put(self, kind: str, subject_id: UUID, due_at: datetime | None = None) -> None:
        """Schedule an errand for after the commit, or for a later moment.

        Only one for each kind and subject waits: it replaces an existing one, even if that is being
        done.
        """
        await self.put_all(kind, {subject_id: due_at or self._clock.now()})

    async def put_all(self, kind: str, due_at: Mapping[UUID, datetime]) -> None:
        """Schedule errands of a kind for moments by subject; see `put`."""
        await self._errands.put_all(kind, due_at)

    async def put_if_none(self, kind: str, subject_id: UUID, due_at: datetime) -> None:
        """Schedule an errand for a moment, unless it waits already for any moment."""
        await self._errands.put_if_none(kind, subject_id, due_at)

    async def due_kinds(self, kinds: Collection[str]) -> Sequence[str]:
        """Return the kinds that have a due errand."""
        return await self._errands.due_kinds(self._clock.now(), kinds)

    async def take_due(self, kind: str, lease: timedelta, at_most: int) -> Sequence[Errand]:
        """Lease errands of a kind; an errand that is not marked meanwhile is leased again later."""
        return await self._errands.lease_due(self._clock.now(), lease, kind, at_most)

    async def mark_done(self, leased: Errand) -> None:
        """Delete an errand that was done."""
        await self._errands.delete_leased(leased)

    async def mark_failed(self, leased: Errand, reason: str, *, is_outage: bool = False) -> bool:
        """Schedule an errand for another attempt, later each time; return whether it is given up.

        An errand that is given up stays visible; an outage never leads to giving up.
        """
        errand = await self._errands.find(leased)
        if errand is None:
            return False
        now = self._clock.now()
        errand.last_error = reason[:_MAX_ERROR_LENGTH]
        if errand.attempts >= _MAX_ATTEMPTS and not is_outage:
            errand.given_up_at = now
        wait = timedelta(seconds=5 * 2 ** min(errand.attempts, _MAX_DOUBLINGS))
        errand.due_at = now + min(wait, _LONGEST_OUTAGE_WAIT if is_outage else _LONGEST_WAIT)
        await self._errands.flush()
        return errand.given_up_at is not None
