"""Compares the cache of a shop with its database."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from app.cache.areas.catalogue import CATALOGUE
from app.cache.representation import Representation
from app.errors import NotFound
from app.repositories.catalogue.category_repository import CategoryRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.catalogue.category_schema import CategoryRead
from app.schemas.catalogue.product_schema import ProductListed, ProductRead
from app.schemas.catalogue.variant_schema import BASE
from app.schemas.identity.user_schema import UserRead
from app.schemas.orders.order_schema import OrderRead
from app.wiring.resources import Shop

WAIT_SECONDS = 10
_GENERATION, _VALUE, _LENGTH = b"lavka:generation:", b"lavka:value:1:", 16
_COUNTED = ("id", "name", "path", "position", "products_count")
_kept: dict[Shop, Redis] = {}


async def caught_up(shop: Shop) -> None:
    """Wait until a shop has applied the changes of another process to its cache."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            await assert_cache_is_true(shop)
            return
        except AssertionError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


async def assert_cache_is_true(shop: Shop) -> None:
    """Assert that every cached representation that would be served equals the database."""
    cached = await in_redis(shop) if shop.cache.redis is not None else {}
    cached |= {("near", key): entry for key, entry in near(shop).items()}
    low_at = shop.settings.low_stock_at
    async with shop.database.read() as session:
        categories: set[Any] | None = None
        for (place, key), representation in cached.items():
            if key.startswith(CATALOGUE):
                # A digest cannot be converted back to its query, but the body has the products.
                for item in msgspec.json.decode(representation.body)["items"]:
                    if "facet" in item:
                        continue
                    if "products_count" in item:
                        if categories is None:
                            categories = await _counted(session)
                        shown = [item[name] for name in _COUNTED]
                        assert tuple(shown) in categories, (place, key)
                        continue
                    product = await ProductRepository(session).get(UUID(item["id"]))
                    if item["currency"] != product.currency or item.get("price_source") == BASE:
                        # Separate tests cover lists in a requested currency.
                        continue
                    listed = ProductListed.of(product)
                    its = listed.model_dump_json(by_alias=True, exclude_unset=True)
                    assert item == msgspec.json.decode(its), (place, key)
            else:
                assert representation.body == await _in_database(session, key, low_at), (place, key)


async def _counted(session: Any) -> set[tuple[Any, ...]]:
    """Return the shown fields of each active category."""
    categories = CategoryRepository(session)
    counts = await categories.counts_for_sale()
    return {
        (str(each.id), each.name, each.path, each.position, counts.get(each.id, 0))
        for each in await categories.all()
        if each.is_active
    }


def near(shop: Shop) -> dict[str, Representation]:
    """Return the representations that a process would serve from its memory."""
    store = shop.cache.near
    if store is None or (shop.cache.redis is not None and not shop.cache.redis.is_synced):
        return {}
    keys = [key for keys in store._keys.values() for key in keys]  # pylint: disable=W0212
    return {key: entry for key in keys if (entry := store.get(key)) is not None}


async def in_redis(shop: Shop) -> dict[tuple[str, str], Representation]:
    """Return the valid values in Redis."""
    found = {}
    async with _client_of(shop) as redis:
        names = cast(list[bytes], await redis.keys(_VALUE + b"*"))
        keys = [name.removeprefix(_VALUE) for name in names]
        generations = [_GENERATION + _tag_of(key) for key in keys]
        answers = await _all_of(redis, [*names, *generations])
    for key, value, generation in zip(keys, answers, answers[len(names) :]):
        if value is not None and value[:_LENGTH] == generation:
            decoded = msgspec.msgpack.decode(value[_LENGTH:], type=Representation)
            found["redis", key.decode()] = decoded
    return found


async def _all_of(redis: Redis, names: list[bytes]) -> list[bytes | None]:
    return cast(list[bytes | None], await redis.mget(names)) if names else []


def _tag_of(key: bytes) -> bytes:
    return key.partition(b":")[0] if key.startswith(b"catalogue") else key.rpartition(b":")[0]


async def forget_cached(shop: Shop) -> None:
    """Empty the cache of a shop without notifying it."""
    if shop.cache.near is not None:
        shop.cache.near.clear()
    if shop.cache.redis is not None:
        async with _client_of(shop) as redis:
            if names := await redis.keys("lavka:*"):
                await redis.delete(*names)


@asynccontextmanager
async def kept_client(shop: Shop) -> AsyncIterator[None]:
    """Share one client of a shop's Redis between all checks until the end of the block."""
    async with redis_of(shop) as redis:
        _kept[shop] = redis
        try:
            yield
        finally:
            del _kept[shop]


@asynccontextmanager
async def _client_of(shop: Shop) -> AsyncIterator[Redis]:
    if (kept := _kept.get(shop)) is not None:
        yield kept
    else:
        async with redis_of(shop) as redis:
            yield redis


def redis_of(shop: Shop) -> Redis:
    """Return a client of a shop's Redis."""
    settings = shop.settings
    return Redis(host=str(settings.redis_host), port=settings.redis_port, db=settings.redis_db)


async def _in_database(session: Any, key: str, low_stock_at: int) -> bytes:
    kind, subject, owner = key.split(":")
    subject_id = UUID(subject)
    # Those of products differ by currencies.
    owner_id = UUID(owner) if owner and kind != "product" else None
    try:
        match kind:
            case "user":
                user = await UserRepository(session).get_of(owner_id, subject_id)
                return UserRead.model_validate(user).to_json()
            case "order":
                order = await OrderRepository(session).get_whole(owner_id, subject_id)
                return OrderRead.model_validate(order).to_json()
            case "category":
                category = await CategoryRepository(session).get(subject_id)
                return CategoryRead.model_validate(category).to_json()
        product = await ProductRepository(session).get(subject_id)
        variants = list(product.variants)
        if owner:
            variants = await ProductRepository(session).sold_in(variants, owner)
        return ProductRead.of(product, variants, low_stock_at, owner or None).to_json()
    except NotFound:
        return b""
