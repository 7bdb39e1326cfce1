"""Redis is not read between a new connection to it and the replay of the drops that it missed."""

import asyncio
from typing import Any

import pytest

from app.cache.cache import Tier
from app.jobs import cache_sync
from tests.support.servers.relay import Relay
from tests.test_cache.reads import WAIT_SECONDS, Pair, believed, miss_a_drop, seen


async def test_a_stale_value_is_not_read_while_missed_drops_are_replayed(
    pair: Pair, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = pair
    product_id = await miss_a_drop(here, relay)
    begun, may_end = asyncio.Event(), asyncio.Event()
    syncing = vars(cache_sync)["_CacheSync"]
    replay = vars(syncing)["_replay"]

    async def wait_and_replay(self: Any, *, is_all: bool) -> None:
        if is_all and vars(self)["_shop"] is here:
            begun.set()
            await may_end.wait()
        await replay(self, is_all=is_all)

    monkeypatch.setattr(syncing, "_replay", wait_and_replay)
    await relay.open()
    await asyncio.wait_for(begun.wait(), WAIT_SECONDS)
    assert here.cache.redis is not None and here.cache.redis.is_connected
    assert await seen(here, product_id) == (Tier.MISS, "5.49")
    may_end.set()
    await believed(here)
