"""Compares what a shop has cached with what its database has."""

import asyncio
import time
from typing import Any, cast
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from app.cache.areas.catalogue import CATALOGUE
from app.cache.representation import Representation
from app.errors import NotFound
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.catalogue.product_schema import ProductRead
from app.schemas.identity.user_schema import UserRead
from app.schemas.orders.order_schema import OrderRead
from app.wiring.resources import Shop

WAIT_SECONDS = 10
_GENERATION, _VALUE, _LENGTH = b"lavka:generation:", b"lavka:value:1:", 16


async def caught_up(shop: Shop) -> None:
    """Wait until a shop knows what another process has changed."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            await assert_cache_is_true(shop)
            return
        except AssertionError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


async def assert_cache_is_true(shop: Shop) -> None:
    """Require of every representation that would be served that the database has the same."""
    cached = await in_redis(shop) if shop.cache.redis is not None else {}
    cached |= {("near", key): entry for key, entry in near(shop).items()}
    async with shop.database.read() as session:
        for (place, key), representation in cached.items():
            if key.startswith(CATALOGUE):
                # There is no way back from the digest of a query; its products tell.
                for item in msgspec.json.decode(representation.body)["items"]:
                    product = await ProductRepository(session).get(UUID(item["id"]))
                    its = msgspec.json.decode(ProductRead.model_validate(product).to_json())
                    assert item == its, (place, key)
            else:
                assert representation.body == await _in_database(session, key), (place, key)


def near(shop: Shop) -> dict[str, Representation]:
    """Return what a process would serve from its memory."""
    store = shop.cache.near
    if store is None or (shop.cache.redis is not None and not shop.cache.redis.is_synced):
        return {}
    keys = [key for keys in store._keys.values() for key in keys]  # pylint: disable=W0212
    return {key: entry for key in keys if (entry := store.get(key)) is not None}


async def in_redis(shop: Shop) -> dict[tuple[str, str], Representation]:
    """Return what counts of what Redis has."""
    found = {}
    async with redis_of(shop) as redis:
        async for name in redis.scan_iter(_VALUE + b"*"):
            key = name.removeprefix(_VALUE)
            tag = (
                key.partition(b":")[0] if key.startswith(b"catalogue") else key.rpartition(b":")[0]
            )
            generation = await redis.get(_GENERATION + tag)
            value = cast(bytes | None, await redis.get(name))
            if value is not None and value[:_LENGTH] == generation:
                decoded = msgspec.msgpack.decode(value[_LENGTH:], type=Representation)
                found["redis", key.decode()] = decoded
    return found


async def forget_cached(shop: Shop) -> None:
    """Empty a cache behind its back, with the table from which it was filled."""
    if shop.cache.near is not None:
        shop.cache.near.clear()
    if shop.cache.redis is not None:
        async with redis_of(shop) as redis:
            if names := await redis.keys("lavka:*"):
                await redis.delete(*names)


def redis_of(shop: Shop) -> Redis:
    """Return a client of a shop's Redis."""
    settings = shop.settings
    return Redis(host=str(settings.redis_host), port=settings.redis_port, db=settings.redis_db)


async def _in_database(session: Any, key: str) -> bytes:
    kind, subject, owner = key.split(":")
    subject_id, owner_id = UUID(subject), UUID(owner) if owner else None
    try:
        match kind:
            case "user":
                user = await UserRepository(session).get_of(owner_id, subject_id)
                return UserRead.model_validate(user).to_json()
            case "order":
                order = await OrderRepository(session).get_whole(owner_id, subject_id)
                return OrderRead.model_validate(order).to_json()
        product = await ProductRepository(session).get(subject_id)
        return ProductRead.model_validate(product).to_json()
    except NotFound:
        return b""
