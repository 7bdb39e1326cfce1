"""A cache of the callers of recently validated tokens."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from app.security.principal import Caller

# The time for which a token may stay valid after another process has revoked it.
MEMORY = timedelta(seconds=3)
_MAX_ENTRIES = 10_000


class IdentityCache:
    """Avoids the signature check and the database query for a valid token."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._entries: dict[str, tuple[Caller, datetime]] = {}
        self.generation = 0

    def get(self, token: str) -> Caller | None:
        """Return the caller of a token, if it was validated recently."""
        entry = self._entries.get(token)
        return None if entry is None or entry[1] <= self._now() else entry[0]

    def keep(self, token: str, caller: Caller, expires_at: datetime, generation: int) -> None:
        """Store the caller of a token, unless the cache was cleared since `generation` was read.

        Otherwise a read from before a change could be stored after the cache was cleared.
        """
        if generation != self.generation:
            return
        self._entries.pop(token, None)
        # The oldest entries are deleted if they have expired, or if there are too many. Two are
        # checked for each that is added, so that expired entries do not accumulate.
        for oldest in list(islice(self._entries, 2)):
            if len(self._entries) >= _MAX_ENTRIES or self._entries[oldest][1] <= self._now():
                del self._entries[oldest]
        self._entries[token] = (caller, min(expires_at, self._now() + MEMORY))

    def clear(self) -> None:
        """Remove all entries, because rights have changed."""
        self.generation += 1
        self._entries.clear()
