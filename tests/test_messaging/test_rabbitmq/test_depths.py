"""The numbers of messages on the broker's queues, in the metrics for Prometheus."""

import pytest

from app.messaging.rabbitmq import depths
from app.messaging.rabbitmq.broker_link import BrokerLink
from tests.test_messaging.workers import QUEUES, Stand, publish
from tests.test_web.test_metrics import figures

PREFIX = "lavka_queue_depth "


async def depths_of(stand: Stand) -> dict[str, float]:
    """Return the depths in the metrics."""
    told = await figures(stand.client)
    return {
        name.removeprefix(PREFIX): value for name, value in told.items() if name.startswith(PREFIX)
    }


async def test_the_depths_are_read_from_the_queues_of_the_broker(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depths, "_CACHE_SECONDS", 0.0)
    # On a busy machine a broker may take longer than a scrape may.
    monkeypatch.setattr(depths, "_TIMEOUT_SECONDS", 20.0)
    assert await depths_of(stand) == {}
    with stand.worker():
        await stand.wait_for_workers()
    async with stand.channel() as channel:
        await publish(channel, "report", {})
        await publish(channel, "order", {})
        await publish(channel, "order", {})
    assert await depths_of(stand) == dict.fromkeys(QUEUES, 0) | {"order": 2, "report": 1}


async def test_depths_are_not_read_from_the_broker_at_each_scrape(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def ask(_self: depths.QueueDepths) -> dict[str, int]:
        nonlocal asked
        asked += 1
        return {"order": asked}

    monkeypatch.setattr(depths.QueueDepths, "_fetch", ask)
    monkeypatch.setattr(depths, "_CACHE_SECONDS", 3_600.0)
    stand_depths = depths.QueueDepths(BrokerLink(stand.settings))
    assert [await stand_depths.read() for _ in range(3)] == [{"order": 1}] * 3
