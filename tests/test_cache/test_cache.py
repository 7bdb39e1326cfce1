"""Reads through the services find values in the expected cache, and never stale ones."""

import asyncio
import random
from collections.abc import Collection
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.cache.areas import KINDS
from app.cache.areas.catalogue import PRODUCTS
from app.cache.areas.identity import USERS
from app.cache.areas.orders import ORDERS
from app.cache.cache import Tier
from app.cache.redis import RedisStore
from app.errors import DomainError, ProductNotFound, Unavailable
from app.jobs.cache_sync import cache_sync
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.identity.user_schema import UserCreate
from app.schemas.orders.order_schema import OrderCreate
from app.wiring.areas.identity import provide_users
from app.wiring.areas.orders import provide_orders
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from benchmarks.cache.races import race
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.cached import assert_cache_is_true, caught_up, redis_of
from tests.support.refusals import USER
from tests.support.servers import PostgresServer
from tests.support.servers.sqlite import prepared
from tests.test_cache.conftest import DATABASE
from tests.test_cache.reads import (
    CALLER,
    Pair,
    believed,
    counts_of,
    listed,
    offer,
    read,
    reprice,
    seen,
)


async def test_a_second_read_is_near_and_a_read_after_a_change_shows_it(kept: Shop) -> None:
    product_id = await offer(kept)
    assert await seen(kept, product_id) == (Tier.MISS, "4.99")
    assert await seen(kept, product_id) == (Tier.NEAR, "4.99")
    await reprice(kept, product_id, "5.49")
    assert await seen(kept, product_id) == (Tier.MISS, "5.49")
    assert await seen(kept, product_id) == (Tier.NEAR, "5.49")


async def test_another_process_reads_from_redis_and_sees_changes(pair: Pair) -> None:
    here, there = pair
    product_id = await offer(here)
    assert await seen(here, product_id) == (Tier.MISS, "4.99")
    assert await seen(there, product_id) == (Tier.REDIS, "4.99")
    assert await seen(there, product_id) == (Tier.NEAR, "4.99")
    await reprice(here, product_id, "5.49")
    await asyncio.sleep(0.05)
    assert await seen(there, product_id) == (Tier.MISS, "5.49")
    assert await seen(here, product_id) == (Tier.REDIS, "5.49")


async def test_every_list_is_dropped_by_every_change_of_a_product(kept: Shop) -> None:
    product_id = await offer(kept)
    assert await listed(kept) == (Tier.MISS, ["4.99"])
    assert await listed(kept, category="Tea") == (Tier.MISS, ["4.99"])
    assert await listed(kept) == (Tier.NEAR, ["4.99"])
    await reprice(kept, product_id, "5.49")
    assert await listed(kept) == (Tier.MISS, ["5.49"])
    assert await listed(kept, category="Tea") == (Tier.MISS, ["5.49"])
    await offer(kept, price="1.00")
    assert await listed(kept, sort="price") == (Tier.MISS, ["1.00", "5.49"])
    assert await listed(kept, sort="price") == (Tier.NEAR, ["1.00", "5.49"])


async def test_an_absent_id_is_loaded_once_and_can_be_created_later(kept: Shop) -> None:
    absent = uuid4()
    for _ in range(3):
        with pytest.raises(ProductNotFound, match=str(absent)) as refusal:
            await read(kept, absent)
        assert refusal.value.context == {"id": str(absent)}
    assert counts_of(kept).loads == 1
    user_id, product_id = await _customer(kept), await offer(kept, stock_quantity=1)
    order_id = uuid4()
    with pytest.raises(DomainError, match="there is no order"):
        await _order(kept, order_id)
    async with kept.database.write() as session:
        items = [{"product_id": str(product_id), "quantity": 1}]
        data = OrderCreate.parse({"user_id": str(user_id), "items": items})
        await provide_orders(session, kept).place(CALLER, data, order_id)
    assert str(order_id).encode() in await _order(kept, order_id)


async def _customer(shop: Shop) -> UUID:
    async with shop.database.write() as session:
        return (await provide_users(session, shop).register(UserCreate.parse(USER))).id


async def _order(shop: Shop, order_id: UUID) -> bytes:
    async with shop.database.read() as session:
        return (await provide_orders(session, shop).get(CALLER, order_id)).representation.body


async def test_racing_readers_and_writers_leave_nothing_stale(kept: Shop) -> None:
    random.seed(7)
    # With the usual cache-aside, about one round in seven leaves a stale value.
    assert [await race(kept, 4) for _ in range(16)] == [0] * 16
    await assert_cache_is_true(kept)


async def test_the_race_finds_the_stale_values_of_the_usual_cache_aside(kept: Shop) -> None:
    random.seed(7)
    for _ in range(500):
        if await race(kept, 4, is_naive=True):
            return
    pytest.fail("no round has left a stale value")


async def test_two_hundred_concurrent_misses_of_one_key_load_it_once(kept: Shop) -> None:
    product_id = await offer(kept)
    found = await asyncio.gather(*(seen(kept, product_id) for _ in range(200)))
    # On SQLite, the load may end before the last of them looks in the cache.
    misses = sum(tier is Tier.MISS for tier, _ in found)
    assert {price for _, price in found} == {"4.99"}
    assert (counts_of(kept).loads, counts_of(kept).misses) == (1, misses)


async def test_a_read_after_a_change_does_not_wait_for_an_earlier_load(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    product_id = await offer(kept)
    whole, may_go_on, has_read = ProductRepository.whole, asyncio.Event(), asyncio.Event()

    async def whole_and_wait(self: Any, ids: Collection[UUID], *, is_locked: bool = False) -> Any:
        found = await whole(self, ids, is_locked=is_locked)
        if not is_locked and not has_read.is_set():
            has_read.set()
            await may_go_on.wait()
        return found

    monkeypatch.setattr(ProductRepository, "whole", whole_and_wait)
    slow = asyncio.create_task(seen(kept, product_id))
    await has_read.wait()
    await reprice(kept, product_id, "5.49")
    assert await seen(kept, product_id) == (Tier.MISS, "5.49")
    may_go_on.set()
    # It began before the change, and may return the old price; no other read may.
    assert await slow == (Tier.MISS, "4.99")
    assert await seen(kept, product_id) == (Tier.NEAR, "5.49")
    assert counts_of(kept).refused_stores == 1


async def test_a_read_that_waits_for_a_cancelled_load_loads_the_value_itself(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    product_id = await offer(kept)
    whole, has_begun = ProductRepository.whole, asyncio.Event()
    has_ended = asyncio.Event()

    async def whole_once(self: Any, ids: Collection[UUID], *, is_locked: bool = False) -> Any:
        if not has_begun.is_set():
            has_begun.set()
            await has_ended.wait()
        return await whole(self, ids, is_locked=is_locked)

    monkeypatch.setattr(ProductRepository, "whole", whole_once)
    first = asyncio.create_task(read(kept, product_id))
    await has_begun.wait()
    second = asyncio.create_task(seen(kept, product_id))
    third = asyncio.create_task(seen(kept, product_id))
    await asyncio.sleep(0.05)
    third.cancel()
    first.cancel()
    assert await second == (Tier.MISS, "4.99")
    assert counts_of(kept).loads == 2
    has_ended.set()


@pytest.mark.parametrize(
    "fault",
    # The first is raised by the database layer, the second by the driver of the database.
    [Unavailable("the database does not answer, try again"), ConnectionResetError("it has ended")],
    ids=lambda fault: type(fault).__name__,
)
async def test_a_load_that_fails_fails_for_all_reads_that_wait_for_it(
    kept: Shop, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    product_id, may_fail = await offer(kept), asyncio.Event()

    async def fail(*_arguments: Any, **_options: Any) -> Any:
        await may_fail.wait()
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(ProductRepository, "whole", fail)
        reads = [asyncio.create_task(read(kept, product_id)) for _ in range(3)]
        await asyncio.sleep(0.05)
        may_fail.set()
        answers = await asyncio.gather(*reads, return_exceptions=True)
    assert [type(each) for each in answers] == [Unavailable] * 3
    assert counts_of(kept).loads == 1
    # The error is not cached.
    assert await seen(kept, product_id) == (Tier.MISS, "4.99")


async def test_thousands_of_absent_ids_do_not_evict_the_hot_ones_and_memory_stays_bounded(
    kept: Shop,
) -> None:
    near = kept.cache.near
    assert near is not None
    hot = [await offer(kept) for _ in range(20)]
    for each in hot:
        await read(kept, each)
    for _ in range(20):
        absent = [uuid4() for _ in range(100)]
        answers = await asyncio.gather(
            *(read(kept, each) for each in absent), return_exceptions=True
        )
        assert all(isinstance(each, ProductNotFound) for each in answers)
    assert len(near) <= 20 + kept.settings.cache_max_entries // 10
    loads = counts_of(kept).loads
    assert [(await seen(kept, each))[1] for each in hot] == ["4.99"] * 20
    assert counts_of(kept).loads == loads


async def test_times_to_live_are_those_of_the_kinds(kept: Shop) -> None:
    product_id, user_id = await offer(kept, stock_quantity=1), await _customer(kept)
    items = [{"product_id": str(product_id), "quantity": 1}]
    async with kept.database.write() as session:
        data = OrderCreate.parse({"user_id": str(user_id), "items": items})
        order_id = (await provide_orders(session, kept).place(CALLER, data)).id
    await read(kept, product_id)
    await _order(kept, order_id)
    async with kept.database.read() as session:
        await provide_users(session, kept).get(CALLER, user_id)
    promised = {USERS: 3_600, PRODUCTS: 600, ORDERS: 300}
    assert {kind: kind.seconds for kind in KINDS if kind in promised} == promised
    for kind, its_id in ((USERS, user_id), (PRODUCTS, product_id), (ORDERS, order_id)):
        left = await _seconds_left(kept, f"{kind.tag(its_id)}:")
        assert promised[kind] * 0.9 - 5 <= left <= promised[kind] * 1.1
    with pytest.raises(ProductNotFound):
        await read(kept, absent := uuid4())
    assert 20 < await _seconds_left(kept, f"{PRODUCTS.tag(absent)}:") <= 30


async def _seconds_left(shop: Shop, key: str) -> float:
    if shop.cache.redis is not None:
        return await shop.cache.redis.seconds_left(key)
    assert shop.cache.near is not None
    return shop.cache.near.seconds_left(key) or -1


async def test_times_to_live_of_one_kind_vary(kept: Shop) -> None:
    ids = [await offer(kept) for _ in range(10)]
    for each in ids:
        await read(kept, each)
    left = {round(await _seconds_left(kept, f"{PRODUCTS.tag(each)}:")) for each in ids}
    assert len(left) > 3


async def test_values_of_an_ended_generation_are_not_used(pair: Pair) -> None:
    here, there = pair
    product_id = await offer(here)
    await read(here, product_id)
    async with redis_of(here) as redis:
        assert await redis.delete(f"lavka:generation:{PRODUCTS.tag(product_id)}") == 1
        assert await redis.exists(f"lavka:value:1:{PRODUCTS.tag(product_id)}:") == 1
    assert (await seen(there, product_id))[0] is Tier.MISS
    await asyncio.sleep(0.05)
    assert (await seen(here, product_id))[0] is Tier.REDIS


@pytest.mark.parametrize("value", [b"", b"\xff", b"\x90", b"\x93\x01\x02\x03", b"text", b"\xc0"])
async def test_a_value_that_does_not_decode_is_a_miss_and_is_replaced(
    pair: Pair, value: bytes
) -> None:
    here, there = pair
    product_id = await offer(here)
    await read(here, product_id)
    key = f"lavka:value:1:{PRODUCTS.tag(product_id)}:"
    async with redis_of(here) as redis:
        stored = await redis.get(key)
        assert isinstance(stored, bytes)
        await redis.set(key, stored[:16] + value)
        assert await seen(there, product_id) == (Tier.MISS, "4.99")
        assert await redis.get(key) == stored


async def test_an_emptied_redis_empties_the_near_cache(pair: Pair) -> None:
    here, _ = pair
    product_id = await offer(here)
    await read(here, product_id)
    async with redis_of(here) as redis:
        await redis.flushdb()
    await asyncio.sleep(0.05)
    assert (await seen(here, product_id))[0] is Tier.MISS


async def test_a_change_by_another_process_on_sqlite_is_soon_seen(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path)
    here, there = await prepared(settings), Shop(settings)
    async with cache_sync(here):
        product_id = await offer(here)
        await read(here, product_id)
        # A change by this process does not count as a change by another process.
        await here.database.is_changed_elsewhere()
        await reprice(here, product_id, "5.49")
        assert not await here.database.is_changed_elsewhere()
        assert await seen(here, product_id) == (Tier.MISS, "5.49")
        await reprice(there, product_id, "5.99")
        await caught_up(here)
        assert (await seen(here, product_id))[1] == "5.99"
    await here.close()
    await there.close()


async def test_on_postgres_without_redis_nothing_is_cached(
    cached_database: PostgresServer,
) -> None:
    shop = Shop(postgres_settings(cached_database, DATABASE))
    await prepare(shop)
    async with cache_sync(shop):
        await believed(shop)
        product_id = await offer(shop)
        for _ in range(2):
            assert await seen(shop, product_id) == (Tier.MISS, "4.99")
    await shop.close()


async def test_a_generation_lives_longer_than_its_values(pair: Pair) -> None:
    here, _ = pair
    product_id = await offer(here)
    await read(here, product_id)
    await listed(here)
    async with redis_of(here) as redis:
        for tag, key in ((PRODUCTS.tag(product_id), "*"), ("catalogue", "*")):
            (value,) = await redis.keys(f"lavka:value:1:{tag}:{key}")
            generation = f"lavka:generation:{tag}"
            assert await redis.pttl(generation) > await redis.pttl(value) > 500_000


async def test_storing_a_value_again_does_not_invalidate_near_caches(pair: Pair) -> None:
    here, there = pair
    await offer(here)
    await listed(here)
    await listed(there)
    assert (await listed(there))[0] is Tier.NEAR
    # Another list of the same generation, whose time to live is long enough already.
    await listed(here, sort="price")
    await asyncio.sleep(0.05)
    assert (await listed(there))[0] is Tier.NEAR
    assert isinstance(here.cache.redis, RedisStore)


async def test_values_fetched_during_a_drop_are_not_kept_near(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = pair
    product_id = await offer(here)
    await read(there, product_id)
    assert here.cache.redis is not None
    drop = here.cache.redis.drop

    async def drop_late(tags: Any) -> None:
        # The change is committed, but its response is not sent: a read may return the old value.
        assert await seen(here, product_id) == (Tier.REDIS, "4.99")
        await drop(tags)

    with monkeypatch.context() as patch:
        patch.setattr(here.cache.redis, "drop", drop_late)
        await reprice(here, product_id, "5.49")
    assert await seen(here, product_id) == (Tier.MISS, "5.49")


async def test_a_drop_follows_the_commit_of_its_change(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    product_id, drop, seen_then = await offer(kept), kept.drop, []

    async def look_and_drop(tags: Any, note: Any) -> None:
        async with kept.database.read() as session:
            seen_then.append((await ProductRepository(session).get(product_id)).price_minor)
        await drop(tags, note)

    with monkeypatch.context() as patch:
        patch.setattr(kept, "drop", look_and_drop)
        await reprice(kept, product_id, "5.49")
    assert seen_then == [549]
