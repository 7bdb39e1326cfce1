"""A Redis that is stopped, frozen, empty, slow or full makes the shop slower, but not wrong."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncSession

from app.cache.cache import Tier
from app.jobs.cache_sync import cache_sync
from app.wiring.areas.messaging import provide_cache_drops
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.conftest import client_of, empty, postgres_settings, running
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.cached import assert_cache_is_true, redis_of
from tests.support.factories import create_product
from tests.support.processes import serving
from tests.support.servers import PostgresServer, RedisServer
from tests.support.servers.relay import Relay
from tests.test_cache.conftest import DATABASE, opened
from tests.test_cache.reads import Pair, believed, miss_a_drop, offer, read, reprice, seen

_BETWEEN_READS_SECONDS = 0.05


@pytest_asyncio.fixture(loop_scope="session", name="served")
async def served_shop(cached_database: PostgresServer, relay: Relay) -> AsyncIterator[Litestar]:
    """An application whose connection to Redis a test can interrupt."""
    settings = postgres_settings(
        cached_database, DATABASE, redis_host="127.0.0.1", redis_port=relay.port
    )
    application = with_routes_of(Shop(settings), WITH_ORDERS)
    async with running(application):
        await empty(application.state.shop)
        await believed(application.state.shop)
        yield application


class Load:
    """Clients that read until `end`, and the statuses of their responses."""

    def __init__(self, client: httpx.AsyncClient, ids: list[str]) -> None:
        self._client = client
        self._ids = ids
        self._is_over = False
        self.statuses: list[int] = []
        self._tasks = [asyncio.create_task(self._read(number)) for number in range(8)]

    async def _read(self, number: int) -> None:
        while not self._is_over:
            path = f"/products/{self._ids[number % len(self._ids)]}"
            response = await self._client.get(path if number % 3 else "/products")
            self.statuses.append(response.status_code)
            number += 1
            # Without a pause, they would take the CPU time that other tasks need.
            await asyncio.sleep(_BETWEEN_READS_SECONDS)

    async def end(self) -> set[int]:
        """Stop the clients, and return the statuses of all responses."""
        self._is_over = True
        await asyncio.gather(*self._tasks)
        return set(self.statuses)


async def _stopped(_relay: Relay, redis: RedisServer) -> None:
    await asyncio.to_thread(redis.stop)


async def _started(_relay: Relay, redis: RedisServer) -> None:
    await asyncio.to_thread(redis.start)


async def _frozen(_relay: Relay, redis: RedisServer) -> None:
    redis.pause()


async def _thawed(_relay: Relay, redis: RedisServer) -> None:
    redis.resume()


async def _slowed(relay: Relay, _redis: RedisServer) -> None:
    relay.delay_seconds = 0.2


async def _quickened(relay: Relay, _redis: RedisServer) -> None:
    relay.delay_seconds = 0


async def _cut_off(relay: Relay, _redis: RedisServer) -> None:
    await relay.cut()


async def _let_in(relay: Relay, _redis: RedisServer) -> None:
    await relay.open()


@pytest.mark.parametrize(
    ("fail", "mend"),
    [(_stopped, _started), (_frozen, _thawed), (_slowed, _quickened), (_cut_off, _let_in)],
    ids=["stopped and empty", "frozen", "slow", "cut off"],
)
async def test_reads_are_answered_and_nothing_stale_is_shown_afterwards(
    served: Litestar, relay: Relay, mortal_redis: RedisServer, fail: Any, mend: Any
) -> None:
    shop: Shop = served.state.shop
    async with client_of(served) as client:
        ids = [(await create_product(client, price="1.00"))["id"] for _ in range(5)]
        load = Load(client, ids)
        await asyncio.sleep(0.2)
        await fail(relay, mortal_redis)
        try:
            await believed(shop, False)
            for each in ids:
                response = await client.patch(f"/products/{each}", json={"price": "2.00"})
                assert response.status_code == 200
                shown = await client.get(f"/products/{each}")
                assert (shown.json()["price"], shown.headers["x-cache"]) == ("2.00", "miss")
        finally:
            await mend(relay, mortal_redis)
        await believed(shop)
        for each in ids:
            assert (await client.get(f"/products/{each}")).json()["price"] == "2.00"
        page = (await client.get("/products")).json()["items"]
        assert {each["price"] for each in page} == {"2.00"}
        assert await load.end() == {200}
    await assert_cache_is_true(shop)


async def test_a_suspended_process_stays_synchronized_with_redis(
    pair: Pair,
) -> None:
    redis = pair[0].cache.redis
    assert redis is not None
    for _ in range(10):
        answer = asyncio.create_task(redis.ping())
        await asyncio.sleep(0)
        time.sleep(0.09)
        await answer
    assert (redis.is_synced, redis.errors) == (True, 0)


async def test_concurrent_reads_wait_once_for_a_frozen_redis(pair: Pair, relay: Relay) -> None:
    here, _ = pair
    ids = [await offer(here) for _ in range(50)]
    relay.freeze()
    assert await asyncio.gather(*(seen(here, each) for each in ids)) == [(Tier.MISS, "4.99")] * 50
    assert here.cache.redis is not None and not here.cache.redis.is_synced
    relay.thaw()


async def test_missed_drops_are_replayed_before_redis_is_used(
    pair: Pair, relay: Relay, mortal_redis: RedisServer
) -> None:
    here, _ = pair
    product_id = await miss_a_drop(here, relay)
    async with redis_of_server(mortal_redis, here) as redis:
        (name,) = await redis.keys("lavka:value:1:product:*")
        # The value is still in Redis, and is stale.
        assert b"4.99" in await redis.get(name)
    await relay.open()
    await believed(here)
    assert await seen(here, product_id) == (Tier.MISS, "5.49")
    assert await outstanding(here) == 0


def redis_of_server(server: RedisServer, shop: Shop) -> Any:
    """Return a client of a Redis that does not connect by the relay."""
    direct = shop.settings.model_copy(update={"redis_host": server.host, "redis_port": server.port})
    return redis_of(Shop(direct))


async def outstanding(shop: Shop) -> int:
    """Wait until no drop is outstanding, for 5 s at most; return how many still are."""
    for _ in range(100):
        async with shop.database.read() as session:
            rows = await provide_cache_drops(session, shop).outstanding(100)
        if not rows:
            return 0
        await asyncio.sleep(0.05)
    return len(rows)


async def test_another_process_repeats_the_drops_of_a_process_that_died(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = pair
    product_id = await offer(here)
    await read(there, product_id)
    with monkeypatch.context() as patch:
        patch.setattr(here, "drop", _die)
        await reprice(here, product_id, "5.49")
    assert await seen(there, product_id) == (Tier.NEAR, "4.99")
    assert await outstanding(here) == 0
    await asyncio.sleep(0.05)
    assert (await seen(there, product_id))[1] == "5.49"


async def test_a_process_repeats_its_failed_drops(
    cached_database: PostgresServer, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = postgres_settings(
        cached_database, DATABASE, redis_host="127.0.0.1", redis_port=relay.port
    )
    async with opened(settings) as here:
        product_id = await offer(here)
        await read(here, product_id)
        with monkeypatch.context() as patch:
            patch.setattr(here, "drop", _die)
            await reprice(here, product_id, "5.49")
        assert await outstanding(here) == 0
        assert (await seen(here, product_id))[1] == "5.49"


async def _die(*_arguments: Any) -> None:
    """Do nothing, like a process that has ended."""


async def test_a_process_sees_changes_after_it_was_disconnected(
    pair: Pair, relay: Relay, mortal_redis: RedisServer
) -> None:
    here, _ = pair
    direct = here.settings.model_copy(
        update={"redis_host": mortal_redis.host, "redis_port": mortal_redis.port}
    )
    there = Shop(direct)
    await prepare(there)
    async with cache_sync(there):
        await believed(there)
        product_id = await offer(here)
        await read(here, product_id)
        assert await seen(here, product_id) == (Tier.NEAR, "4.99")
        await relay.cut()
        await believed(here, False)
        await reprice(there, product_id, "5.49")
        assert await seen(here, product_id) == (Tier.MISS, "5.49")
        await relay.open()
        await believed(here)
        assert (await seen(here, product_id))[1] == "5.49"
    await there.close()


async def test_notes_of_completed_drops_are_soon_deleted(pair: Pair) -> None:
    here, _ = pair
    for _ in range(20):
        await offer(here)
    assert await outstanding(here) == 0


async def test_a_change_is_dropped_even_if_the_response_to_its_commit_is_lost(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = pair
    product_id = await offer(here)
    await read(here, product_id)
    commit = AsyncSession.commit

    async def lose(session: AsyncSession) -> None:
        await commit(session)
        raise ConnectionResetError("the connection was lost")

    with monkeypatch.context() as patch, pytest.raises(Exception, match="does not answer"):
        patch.setattr(AsyncSession, "commit", lose)
        await reprice(here, product_id, "5.49")
    assert await seen(here, product_id) == (Tier.MISS, "5.49")


async def test_a_full_redis_is_not_used(pair: Pair, mortal_redis: RedisServer) -> None:
    here, _ = pair
    product_id = await offer(here)
    async with redis_of_server(mortal_redis, here) as redis:
        await redis.config_set("maxmemory", "1")
        try:
            assert await seen(here, product_id) == (Tier.MISS, "4.99")
            assert here.cache.redis is not None and not here.cache.redis.is_synced
            assert await seen(here, product_id) == (Tier.MISS, "4.99")
        finally:
            await redis.config_set("maxmemory", "0")
    await believed(here)


async def test_scripts_that_were_deleted_from_redis_are_loaded_again(
    pair: Pair, mortal_redis: RedisServer
) -> None:
    here, _ = pair
    product_id = await offer(here)
    async with redis_of_server(mortal_redis, here) as redis:
        await redis.script_flush()
    assert await seen(here, product_id) == (Tier.MISS, "4.99")
    await believed(here, False)
    await believed(here)
    await seen(here, product_id)
    assert await seen(here, product_id) == (Tier.NEAR, "4.99")


async def test_a_shop_starts_without_its_redis_and_uses_it_later(
    cached_database: PostgresServer, relay: Relay
) -> None:
    await relay.cut()
    settings = postgres_settings(
        cached_database, DATABASE, redis_host="127.0.0.1", redis_port=relay.port
    )
    shop = Shop(settings)
    await prepare(shop)
    async with cache_sync(shop):
        product_id = await offer(shop)
        assert await seen(shop, product_id) == (Tier.MISS, "4.99")
        await relay.open()
        await believed(shop)
        await seen(shop, product_id)
        assert await seen(shop, product_id) == (Tier.NEAR, "4.99")
    await shop.close()


async def test_without_a_database_cached_representations_are_shown(
    served: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop: Shop = served.state.shop
    async with client_of(served) as client:
        product = await create_product(client)
        other = await create_product(client)
        assert (await client.get(f"/products/{product['id']}")).status_code == 200
        await shop.database.writer.dispose()
        monkeypatch.setattr(shop.database.writer.pool, "connect", _refuse)
        monkeypatch.setattr(shop.database.reader.pool, "connect", _refuse)
        shown = await client.get(f"/products/{product['id']}")
        assert (shown.status_code, shown.json()["id"]) == (200, product["id"])
        assert (await client.get(f"/products/{other['id']}")).status_code == 503
        monkeypatch.undo()


def _refuse() -> Any:
    raise ConnectionRefusedError("there is no database")


async def test_shops_in_different_databases_of_one_redis_share_nothing(
    cached_database: PostgresServer, relay: Relay
) -> None:
    first = postgres_settings(
        cached_database, DATABASE, redis_host="127.0.0.1", redis_port=relay.port
    )
    second = first.model_copy(update={"redis_db": 1})
    async with opened(first) as here:
        product_id = await offer(here)
        await read(here, product_id)
        other = Shop(second)
        await prepare(other)
        async with cache_sync(other):
            await believed(other)
            assert await seen(other, product_id) == (Tier.MISS, "4.99")
        await other.close()


async def test_a_served_shop_uses_its_redis(
    cached_database: PostgresServer, mortal_redis: RedisServer, tmp_path: Path
) -> None:
    # The program has an event loop of its own, unlike the applications of other tests.
    mortal_redis.start()
    settings = postgres_settings(
        cached_database, DATABASE, redis_host=mortal_redis.host, redis_port=mortal_redis.port
    )
    async with opened(settings) as here:
        product_id = await offer(here)
        # A process that connects repeats the outstanding drops.
        assert await outstanding(here) == 0
        await read(here, product_id)
        with serving(settings, tmp_path) as served:
            async with httpx.AsyncClient(base_url=f"{served.url}/api/v1") as client:
                path = f"/products/{product_id}"
                tiers: list[str] = []
                while "near" not in tiers and len(tiers) < 500:
                    # The first responses may be sent before the shop is synchronized with Redis.
                    tiers.append((await client.get(path)).headers["X-Cache"])
                assert tiers[-2:] == ["redis", "near"]
                await reprice(here, product_id, "5.49")
                await asyncio.sleep(0.05)
                assert (await client.get(path)).json()["price"] == "5.49"
            code, _, errors = served.stop()
    assert (code, errors) == (0, "")
