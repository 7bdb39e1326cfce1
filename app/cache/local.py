"""Representations in the memory of this process, bounded in number and in bytes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from msgspec import Struct

from app.cache.representation import Representation

# Negative entries may fill a tenth: anybody can ask for unknown ids.
_ABSENT_SHARE = 10
_MAX_REMEMBERED_DROPS = 10_000


class _Entry(Struct, frozen=True):
    representation: Representation
    tag: str
    expires_at: float


class LocalStore:
    """Keeps the most recently used entries, and none loaded before its tag was dropped."""

    def __init__(
        self, max_entries: int, max_bytes: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._now = now
        self._present: OrderedDict[str, _Entry] = OrderedDict()
        self._absent: OrderedDict[str, _Entry] = OrderedDict()
        self._keys: dict[str, set[str]] = {}
        self._drops: OrderedDict[str, int] = OrderedDict()
        # The last drop of a tag missing in `_drops` was not after this one.
        self._horizon = 0
        self.bytes = 0
        self.drops = 0
        """The number of drops; comparing it before and after a load shows whether one occurred."""

    def __len__(self) -> int:
        return len(self._present) + len(self._absent)

    def get(self, key: str) -> Representation | None:
        """Return the entry of a key unless it has expired."""
        shelf = self._present if key in self._present else self._absent
        if (entry := shelf.get(key)) is None:
            return None
        if entry.expires_at <= self._now():
            self._remove(key)
            return None
        shelf.move_to_end(key)
        return entry.representation

    def seconds_left(self, key: str) -> float | None:
        """Return the remaining lifetime of a key, or None if it is not stored."""
        entry = self._present.get(key) or self._absent.get(key)
        return None if entry is None else entry.expires_at - self._now()

    def put(
        self, key: str, tag: str, representation: Representation, seconds: float, drops: int
    ) -> bool:
        """Store an entry loaded after `drops` drops; return False if the tag was dropped since."""
        if self.last_drop(tag) > drops:
            return False
        self._remove(key)
        shelf = self._absent if representation.is_absent else self._present
        shelf[key] = _Entry(representation, tag, self._now() + seconds)
        self._keys.setdefault(tag, set()).add(key)
        self.bytes += representation.size
        self._make_room()
        return True

    def last_drop(self, tag: str) -> int:
        """Return the number of the last drop of a tag, or a later number for an old one."""
        return self._drops.get(tag, self._horizon)

    def drop(self, tags: Iterable[str]) -> None:
        """Remove the entries that depend on tags, and refuse the results of loads in progress."""
        self.drops += 1
        for tag in tags:
            self._drops.pop(tag, None)
            self._drops[tag] = self.drops
            for key in list(self._keys.get(tag, ())):
                self._remove(key)
        while len(self._drops) > _MAX_REMEMBERED_DROPS:
            _, self._horizon = self._drops.popitem(last=False)

    def clear(self) -> None:
        """Remove everything, and refuse the results of loads in progress."""
        self.drops += 1
        self._horizon = self.drops
        for index in (self._present, self._absent, self._keys, self._drops):
            index.clear()
        self.bytes = 0

    def _make_room(self) -> None:
        while len(self._absent) > self._max_entries // _ABSENT_SHARE:
            self._remove(next(iter(self._absent)))
        while len(self) > self._max_entries or self.bytes > self._max_bytes:
            self._remove(next(iter(self._absent or self._present)))

    def _remove(self, key: str) -> None:
        entry = self._present.pop(key, None) or self._absent.pop(key, None)
        if entry is None:
            return
        self.bytes -= entry.representation.size
        keys = self._keys[entry.tag]
        keys.discard(key)
        if not keys:
            del self._keys[entry.tag]
