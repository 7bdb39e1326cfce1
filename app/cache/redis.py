"""Redis as the cache shared by all processes, while it can be trusted."""

import asyncio
import itertools
import logging
import secrets
from collections.abc import Collection
from contextlib import suppress
from typing import Any, cast

import msgspec

from app.cache.connection import TICK_SECONDS, Connection, RedisUnavailable
from app.cache.local import LocalStore
from app.cache.representation import Representation
from app.observability.rare_warning import RareWarning
from app.settings import Settings

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.1
_CONNECT_SECONDS = 1.0
_SLOW = "Redis is slow"
# Longer than any load takes: a slower load cannot store its result.
_UNUSED_GENERATION_SECONDS = 60
_GENERATION_LENGTH = 16
# Shops of different versions share the generations, but every version has its own values.
_FORMAT = "1"
_GENERATION = "lavka:generation:"
_VALUE = f"lavka:value:{_FORMAT}:"
# A value is valid only under the generation that it was loaded under.
_FETCH = """
local generation = redis.call('GET', KEYS[1])
if generation then
    local value = redis.call('GET', KEYS[2])
    if value and string.sub(value, 1, #generation) == generation then return value end
    return {generation}
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return {ARGV[1]}
"""
_STORE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1] .. ARGV[2], 'EX', ARGV[3])
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then
    redis.call('EXPIRE', KEYS[1], 2 * ARGV[3])
    -- Redis stops tracking a key that this client has changed, until it is read again.
    redis.call('GET', KEYS[1])
end
return 1
"""

_decoder = msgspec.msgpack.Decoder(Representation)


class RedisStore:
    """Representations in Redis, and its invalidations of the near cache."""

    def __init__(self, settings: Settings, near: LocalStore) -> None:
        self.timeout_seconds = TIMEOUT_SECONDS
        """The timeout of a reply; a change applies from the next connection on."""
        self._settings = settings
        self._near = near
        self._connection: Connection | None = None
        self._fetch_sha = self._store_sha = b""
        prefix = secrets.token_hex(_GENERATION_LENGTH // 4)
        self._names = (f"{prefix}{number:08x}" for number in itertools.count())
        self._warning = RareWarning(
            logger, "Redis unavailable; reads fall back to the database: %s"
        )
        self._is_lost = asyncio.Event()
        self._lost_by = "not connected yet"
        self.is_synced = False
        """Whether its values may be served: Redis has received every drop."""
        self.errors = 0

    @property
    def is_connected(self) -> bool:
        """Whether a connection exists; drops are sent over it whether synced or not."""
        return self._connection is not None

    async def fetch(self, tag: str, key: str) -> Representation | bytes:
        """Return the value of a key in Redis, or the generation of its tag.

        Raises:
            RedisUnavailable: Redis cannot be reached.
        """
        answer = await self._call(
            "EVALSHA",
            self._fetch_sha,
            2,
            _GENERATION + tag,
            _VALUE + key,
            next(self._names),
            _UNUSED_GENERATION_SECONDS,
        )
        if not isinstance(answer, bytes):
            return cast(bytes, answer[0])
        try:
            return _decoder.decode(memoryview(answer)[_GENERATION_LENGTH:])
        except msgspec.MsgspecError as error:
            # Another program has written the value: the next load replaces it.
            self._warning.log(f"a value cannot be decoded: {error}")
            return answer[:_GENERATION_LENGTH]

    async def store(
        self, tag: str, key: str, representation: Representation, seconds: float, generation: bytes
    ) -> bool:
        """Store a value that was loaded under a generation; return whether that is still current.

        Raises:
            RedisUnavailable: Redis cannot be reached.
        """
        answer = await self._call(
            "EVALSHA",
            self._store_sha,
            2,
            _GENERATION + tag,
            _VALUE + key,
            generation,
            msgspec.msgpack.encode(representation),
            max(round(seconds), 1),
        )
        return bool(answer)

    async def drop(self, tags: Collection[str]) -> None:
        """End the generations of tags.

        Raises:
            RedisUnavailable: Redis cannot be reached.
        """
        await self._call("DEL", *(_GENERATION + tag for tag in tags))

    async def seconds_left(self, key: str) -> float:
        """Return the remaining lifetime of a key in Redis; negative if it is not stored.

        Raises:
            RedisUnavailable: Redis cannot be reached.
        """
        return int(await self._call("PTTL", _VALUE + key)) / 1000

    async def ping(self) -> None:
        """Check that Redis responds.

        Raises:
            RedisUnavailable: no reply arrived, or it was late.
        """
        if (connection := self._connection) is None:
            raise RedisUnavailable(self._lost_by)
        began = connection.ticks
        await self._call("PING")
        # A miss waits for two replies, so a Redis that is slow even when idle is useless.
        if (connection.ticks - began) * TICK_SECONDS > self.timeout_seconds / 2:
            self.close(_SLOW)
            raise RedisUnavailable(_SLOW)

    async def connect(self) -> None:
        """Connect; the store is not synced yet.

        Raises:
            RedisUnavailable: Redis is unreachable or not usable.
        """
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self.timeout_seconds, self._on_push, self._on_lost),
                    str(self._settings.redis_host),
                    self._settings.redis_port,
                )
                try:
                    await self._introduce(connection)
                except BaseException:
                    connection.close()
                    raise
        except (OSError, TimeoutError) as error:
            raise RedisUnavailable(str(error) or "no connection in time") from error
        self._connection = connection
        self._is_lost.clear()
        await self.ping()

    async def _introduce(self, connection: Connection) -> None:
        hello: tuple[Any, ...] = ("HELLO", 3)
        if (password := self._settings.redis_password) is not None:
            hello += ("AUTH", "default", password.get_secret_value())
        await connection.call(*hello)
        await connection.call("SELECT", self._settings.redis_db)
        # NOLOOP: this process already knows its own changes.
        await connection.call("CLIENT", "TRACKING", "ON", "NOLOOP")
        self._fetch_sha = await connection.call("SCRIPT", "LOAD", _FETCH)
        self._store_sha = await connection.call("SCRIPT", "LOAD", _STORE)

    async def wait_lost(self, timeout_seconds: float) -> None:
        """Wait until the connection is lost or the timeout expires."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._is_lost.wait()

    def mark_synced(self) -> None:
        """Serve the values in Redis from now on."""
        self.is_synced = self.is_connected

    def close(self, reason: str = "closed") -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close(reason)

    def warn_once(self, reason: object) -> None:
        """Count a failure of Redis, and log it if its reason is new."""
        self.errors += 1
        self._warning.log(reason)

    async def _call(self, *command: Any) -> Any:
        if self._connection is None:
            raise RedisUnavailable(self._lost_by)
        try:
            return await self._connection.call(*command)
        except RedisUnavailable as error:
            self.warn_once(error)
            # Also after an error reply: a replica or a full Redis cannot be trusted.
            self.close(str(error))
            raise

    def _on_lost(self, reason: str) -> None:
        self._connection, self._lost_by = None, reason
        self.is_synced = False
        self._is_lost.set()
        # Without a connection no invalidations arrive.
        self._near.clear()

    def _on_push(self, push: list[Any]) -> None:
        if push[0] != b"invalidate":
            return
        if push[1] is None:
            self._near.clear()
            return
        prefix = _GENERATION.encode()
        with suppress(UnicodeDecodeError):
            self._near.drop(
                name.removeprefix(prefix).decode() for name in push[1] if name.startswith(prefix)
            )
