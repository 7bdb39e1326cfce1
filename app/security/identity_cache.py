"""Who the bearer of a token was seen to be, remembered for a moment."""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.security.principal import Caller

# How long a token may outlive what took its rights away in another process.
MEMORY = timedelta(seconds=3)
_MAX_ENTRIES = 10_000


class IdentityCache:
    """Spares a valid token its signature check and its question to the database."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._entries: dict[str, tuple[Caller, datetime]] = {}
        self.generation = 0

    def get(self, token: str) -> Caller | None:
        """Return whose token it is, if it was seen a moment ago."""
        entry = self._entries.get(token)
        return None if entry is None or entry[1] <= self._now() else entry[0]

    def keep(self, token: str, caller: Caller, expires_at: datetime, generation: int) -> None:
        """Remember whose token it is, unless something has changed since the generation was read.

        Who read the database before a change and comes here after it would undo the forgetting.
        """
        if generation != self.generation:
            return
        if len(self._entries) >= _MAX_ENTRIES:
            # The oldest goes first: each is out of date within seconds anyway.
            del self._entries[next(iter(self._entries))]
        self._entries.pop(token, None)
        self._entries[token] = (caller, min(expires_at, self._now() + MEMORY))

    def clear(self) -> None:
        """Forget everyone: somebody's rights have changed."""
        self.generation += 1
        self._entries.clear()
