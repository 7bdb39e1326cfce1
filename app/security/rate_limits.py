"""Counts requests per caller and time window: in Redis for all processes, or in this process."""

import logging
import math
import time
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from app.errors import TooManyRequests
from app.observability.rare_warning import RareWarning
from app.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

# The time-out is short, because a caller waits, but long enough for a busy machine.
_REDIS_TIMEOUT_SECONDS = 0.2
# The pause after a failure of Redis, because a caller waits for each time-out.
REDIS_REST_SECONDS = 1.0
# While Redis is unavailable, each process allows a quarter of a limit.
_SHARE_ALONE = 4
_MAX_COUNTERS = 100_000
# A counter expires with its window, which begins with the first request.
_HIT = """
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    left = tonumber(ARGV[1])
end
return {count, left}
"""


class RateLimitStatus(Struct, frozen=True):
    """The state of a rate limit: its size, the requests left, and the seconds until it is reset."""

    limit: int
    remaining: int
    reset_seconds: int
    is_exceeded: bool

    def headers(self) -> dict[str, str]:
        """Return the state as headers (draft-ietf-httpapi-ratelimit-headers-03)."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }

    def require(self, detail: str) -> None:
        """Require that the limit is not exceeded.

        Raises:
            TooManyRequests: the limit is exceeded.
        """
        if self.is_exceeded:
            raise TooManyRequests(
                detail, self.headers(), retry_after_seconds=max(self.reset_seconds, 1)
            )


class LocalCounter:
    """Counts in this process, in a bounded number of counters."""

    def __init__(
        self, window_seconds: float = 60.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._window_seconds = window_seconds
        self._now = now
        self._counters: dict[str, tuple[int, float]] = {}

    def hit(self, key: str, limit: int) -> RateLimitStatus:
        """Count a request."""
        now = self._now()
        count, ends_at = self._counters.get(key, (0, 0.0))
        if ends_at <= now:
            self._counters.pop(key, None)
            self._delete_expired(now)
            self._make_room()
            count, ends_at = 0, now + self._window_seconds
        self._counters[key] = (count + 1, ends_at)
        return _standing(count + 1, limit, ends_at - now)

    def _delete_expired(self, now: float) -> None:
        # The counters are in the order of their start, which is also that of their end. Two are
        # checked for each that is added, so that expired counters do not accumulate.
        for key in list(islice(self._counters, 2)):
            if self._counters[key][1] <= now:
                del self._counters[key]

    def _make_room(self) -> None:
        if len(self._counters) < _MAX_COUNTERS:
            return
        logger.warning("too many callers at once; dropped a tenth of all rate limit counters")
        for key in list(islice(self._counters, _MAX_COUNTERS // 10)):
            del self._counters[key]


class RateLimits:
    """Counts log-ins and other expensive requests, across all processes while Redis answers."""

    def __init__(
        self,
        settings: Settings,
        window_seconds: float = 60.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._local = LocalCounter(window_seconds, now)
        self._now = now
        self._window_ms = int(window_seconds * 1000)
        self._settings = settings
        self._redis: Redis | None = None
        self._script: Any = None
        self._skips_redis_until = -math.inf
        self._warning = RareWarning(
            logger, "Redis unavailable; rate limits are counted per process: %s", self._now
        )

    async def hit(self, key: str, limit: int) -> RateLimitStatus:
        """Count a request; while Redis does not answer, a quarter of the limit applies."""
        if self._settings.redis_host is None:
            return self._local.hit(key, limit)
        # The request is also counted here, so that an exceeded limit stays exceeded when Redis
        # fails.
        alone = self._local.hit(key, max(limit // _SHARE_ALONE, 1))
        if self._now() >= self._skips_redis_until:
            if (standing := await self._hit_redis(key, limit)) is not None:
                return standing
        return alone

    async def close(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            await self._redis.aclose()

    async def _hit_redis(self, key: str, limit: int) -> RateLimitStatus | None:
        # A shop without Redis does not need the library, whose import takes a tenth of a second.
        from redis.exceptions import RedisError  # pylint: disable=import-outside-toplevel

        try:
            if self._redis is None:
                self._redis = _connect(self._settings)
                self._script = self._redis.register_script(_HIT)
            count, left_ms = await self._script(keys=[f"limit:{key}"], args=[self._window_ms])
        except (RedisError, OSError, TimeoutError) as error:
            self._skips_redis_until = self._now() + REDIS_REST_SECONDS
            self._warning.log(error)
            return None
        return _standing(count, limit, left_ms / 1000)


def _standing(count: int, limit: int, left_seconds: float) -> RateLimitStatus:
    return RateLimitStatus(limit, max(limit - count, 0), int(left_seconds) + 1, count > limit)


def _connect(settings: Settings) -> "Redis":
    # pylint: disable=import-outside-toplevel
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Redis(
        host=str(settings.redis_host),
        port=settings.redis_port,
        db=settings.redis_db,
        password=(
            None if settings.redis_password is None else settings.redis_password.get_secret_value()
        ),
        socket_timeout=_REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
