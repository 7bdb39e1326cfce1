"""Cached reads, and the invalidation of values that a change has made stale."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from uuid import UUID

from msgspec import Struct

from app.cache.areas import KINDS
from app.cache.connection import RedisUnavailable
from app.cache.kind import Kind
from app.cache.local import LocalStore
from app.cache.redis import RedisStore
from app.cache.representation import ABSENT, Representation
from app.errors import NotFound

_ABSENT_SECONDS = 27.0
_JITTER = 0.1
# Redis invalidates near entries; this bounds staleness if an invalidation is missed.
_NEAR_SECONDS = 5.0

Load = Callable[[], Awaitable[Representation]]


class Tier(StrEnum):
    """The tier that answered a read."""

    NEAR = "near"
    REDIS = "redis"
    MISS = "miss"


@dataclass(slots=True)
class Counts:
    """The counters of the reads of one kind."""

    hits: dict[Tier, int] = field(default_factory=lambda: {Tier.NEAR: 0, Tier.REDIS: 0})
    misses: int = 0
    loads: int = 0
    refused_stores: int = 0


class Read(Struct, frozen=True):
    """A read: the kind, the tag that invalidates it, and its key."""

    kind: Kind
    tag: str
    key: str


class Found(Struct, frozen=True):
    """A representation and the tier that it came from."""

    representation: Representation
    tier: Tier
    read: Read | None = None
    """The read that finds the representation again while it is cached."""


class Cache:
    """Cache-aside in this process and, if configured, in Redis.

    Without Redis, the near cache requires that no other process changes the database.
    """

    def __init__(self, near: LocalStore | None, redis: RedisStore | None) -> None:
        self.near = near
        self.redis = redis
        self.counts = {kind: Counts() for kind in KINDS}
        self._prices_end: float | None = None
        self._loading: dict[
            tuple[str, bytes, int], asyncio.Future[Representation | BaseException | None]
        ] = {}

    def end_prices_in(self, seconds: float | None) -> None:
        """End entries that show prices at the next change of prices; None means no change."""
        self._prices_end = None if seconds is None else time.monotonic() + seconds

    async def show(
        self, kind: Kind, subject_id: UUID, owner: UUID | str | None, load: Load
    ) -> Found:
        """Return the representation of a resource for an owner, or for everybody if None.

        Those for everybody may differ by a word, such as a currency.

        Raises:
            NotFound: the id does not exist or the owner may not see it.
        """
        tag = kind.tag(subject_id)
        found = await self._read(Read(kind, tag, f"{tag}:{owner or ''}"), load)
        if found.representation.is_absent:
            raise kind.not_found.of(subject_id)
        return found

    async def show_list(self, kind: Kind, query: str, load: Load) -> Found:
        """Return a list by the canonical form of its query."""
        if kind.list_tag is None:
            raise RuntimeError(f"{kind.name} has no lists")
        digest = blake2b(query.encode(), digest_size=12).hexdigest()
        return await self._read(Read(kind, kind.list_tag, f"{kind.list_tag}:{digest}"), load)

    def find_near(self, read: Read) -> Found | None:
        """Return the entry of a read in this process, if the resource exists."""
        shown = self._get_near(read)
        return None if shown is None or shown.is_absent else self._found_near(read, shown)

    async def find_in_redis(self, read: Read) -> Found | None:
        """Return the entry of a read in Redis, if the resource exists; it is stored locally.

        The read has no near entry, or one of an absent resource, for which Redis is not asked.
        """
        drops = self._drops
        if self._get_near(read) is not None:
            return None
        answer = await self._fetch(read)
        if not isinstance(answer, Representation) or answer.is_absent:
            return None
        return self._found_in_redis(read, answer, drops)

    async def drop(self, tags: Collection[str]) -> bool:
        """Drop the entries that depend on tags; return whether all processes have been notified."""
        if self.near is not None:
            self.near.drop(tags)
        if self.redis is None:
            return True
        try:
            await self.redis.drop(tags)
        except RedisUnavailable:
            return False
        finally:
            # Values that were fetched before the drop in Redis, or are being fetched, are stale.
            if self.near is not None:
                self.near.drop(tags)
        return True

    async def _read(self, read: Read, load: Load) -> Found:
        drops = self._drops
        if (shown := self._get_near(read)) is not None:
            return self._found_near(read, shown)
        answer = await self._fetch(read)
        if isinstance(answer, Representation):
            return self._found_in_redis(read, answer, drops)
        self.counts[read.kind].misses += 1
        return Found(await self._load_once(read, load, answer, drops), Tier.MISS, read)

    @property
    def _drops(self) -> int:
        return 0 if self.near is None else self.near.drops

    def _get_near(self, read: Read) -> Representation | None:
        # Near entries are valid: the near cache is cleared when invalidations cannot arrive.
        return None if self.near is None else self.near.get(read.key)

    def _found_near(self, read: Read, shown: Representation) -> Found:
        self.counts[read.kind].hits[Tier.NEAR] += 1
        return Found(shown, Tier.NEAR, read)

    def _found_in_redis(self, read: Read, shown: Representation, drops: int) -> Found:
        self.counts[read.kind].hits[Tier.REDIS] += 1
        if self.near is not None:
            seconds = self._lifetime(read.kind, _NEAR_SECONDS)
            self.near.put(read.key, read.tag, shown, seconds, drops)
        return Found(shown, Tier.REDIS, read)

    async def _fetch(self, read: Read) -> Representation | bytes:
        """Return the value in Redis or the generation to load under; empty without Redis."""
        if self.redis is None or not self.redis.is_synced:
            return b""
        try:
            return await self.redis.fetch(read.tag, read.key)
        except RedisUnavailable:
            return b""

    async def _load_once(
        self, read: Read, load: Load, generation: bytes, drops: int
    ) -> Representation:
        """Load, or wait for another task that is loading the same.

        A load under another generation, or before a drop, is not the same: a change that was
        acknowledged before this read began may be missing in it.
        """
        last_drop = 0 if self.near is None else self.near.last_drop(read.tag)
        flight = (read.key, generation, last_drop)
        while (loading := self._loading.get(flight)) is not None:
            # Cancelling one waiting task must not cancel the load of the others.
            outcome = await asyncio.shield(loading)
            if isinstance(outcome, BaseException):
                # Otherwise each of them would wait for an outage after the other.
                raise outcome
            if outcome is not None:
                return outcome
        representation = await self._lead(flight, read.kind, load)
        await self._keep(read, representation, generation, drops)
        return representation

    async def _lead(self, flight: tuple[str, bytes, int], kind: Kind, load: Load) -> Representation:
        loading = asyncio.get_running_loop().create_future()
        self._loading[flight] = loading
        outcome: Representation | BaseException | None = None
        self.counts[kind].loads += 1
        try:
            outcome = await load()
        except NotFound:
            outcome = ABSENT
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            outcome = error
            raise
        finally:
            del self._loading[flight]
            # None if this load was cancelled: another task tries.
            loading.set_result(outcome)
        return outcome

    async def _keep(
        self, read: Read, representation: Representation, generation: bytes, drops: int
    ) -> None:
        longest = _ABSENT_SECONDS if representation.is_absent else read.kind.seconds
        seconds = self._lifetime(read.kind, longest)
        if seconds < 1:
            # Redis counts in seconds: the entry would live for too long.
            return
        is_kept = True
        if self.redis is None:
            if self.near is not None:
                is_kept = self.near.put(read.key, read.tag, representation, seconds, drops)
        elif generation:
            try:
                is_kept = await self.redis.store(
                    read.tag, read.key, representation, seconds, generation
                )
            except RedisUnavailable:
                return
            if is_kept and self.near is not None:
                near_seconds = min(seconds, self._lifetime(read.kind, _NEAR_SECONDS))
                self.near.put(read.key, read.tag, representation, near_seconds, drops)
        if not is_kept:
            self.counts[read.kind].refused_stores += 1

    def _lifetime(self, kind: Kind, seconds: float) -> float:
        lifetime = _jittered(seconds)
        if self._prices_end is None or not kind.shows_prices:
            return lifetime
        return min(lifetime, float(int(max(self._prices_end - time.monotonic(), 0))))


def _jittered(seconds: float) -> float:
    # Entries that were loaded together should not expire together.
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # nosec B311  # no secret
