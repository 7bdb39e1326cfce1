"""The probe of Redis."""

from app.cache.connection import RedisUnavailable
from app.cache.redis import RedisStore
from app.errors import Unavailable


async def ping_redis(redis: RedisStore) -> None:
    """Ping Redis over the connection of the cache.

    Raises:
        Unavailable: there is no connection or no answer.
    """
    try:
        await redis.ping()
    except RedisUnavailable as error:
        raise Unavailable(f"Redis: {error}") from error
