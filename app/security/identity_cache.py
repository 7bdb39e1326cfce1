"""A cache of the callers of recently validated tokens."""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.security.principal import Caller

# How long a token may stay valid after another process has revoked it.
MEMORY = timedelta(seconds=3)
_MAX_ENTRIES = 10_000


class IdentityCache:
    """Saves a valid token the signature check and the database query."""

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
        if len(self._entries) >= _MAX_ENTRIES:
            # The oldest is evicted: all entries expire within seconds anyway.
            del self._entries[next(iter(self._entries))]
        self._entries.pop(token, None)
        self._entries[token] = (caller, min(expires_at, self._now() + MEMORY))

    def clear(self) -> None:
        """Remove all entries, because rights have changed."""
        self.generation += 1
        self._entries.clear()
