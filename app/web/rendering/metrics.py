"""The Prometheus metrics of a process and of the shop."""

import asyncio
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from app.cache.cache import Cache, Tier
from app.database.sessions import Database
from app.errors import Unavailable
from app.messaging.commands import COMMANDS
from app.messaging.rabbitmq.broker_link import BrokerLink
from app.messaging.rabbitmq.depths import QueueDepths
from app.observability.http_metrics import BUCKET_SECONDS, HttpMetrics
from app.services.reports.metrics_service import Figures
from app.wiring.areas.reports import provide_metrics
from app.wiring.resources import Shop

if TYPE_CHECKING:
    from prometheus_client import Metric

# The framework adds the charset.
MEDIA_TYPE = "text/plain; version=1.0.0"
_DATABASE_SECONDS = 2.0


class Metrics:
    """The metrics of a process."""

    def __init__(self, shop: Shop, link: BrokerLink | None) -> None:
        self._shop = shop
        self._depths = None if link is None else QueueDepths(link)

    async def render(self) -> bytes:
        """Return the metrics in Prometheus' text format, without those of a source that is down."""
        # Only monitored shops need the library, and its import takes a tenth of a second.
        from prometheus_client import generate_latest  # pylint: disable=import-outside-toplevel

        figures, depths = await self.read()
        return generate_latest(_Collected(self._shop, figures, depths))

    async def read(self) -> tuple[Figures | None, Mapping[str, int]]:
        """Return the figures of the shop if its database answers, and the depths of its queues."""
        figures = await self._figures()
        return figures, await self._queue_depths(figures)

    async def _figures(self) -> Figures | None:
        try:
            async with asyncio.timeout(_DATABASE_SECONDS), self._shop.database.read() as session:
                return await provide_metrics(session, self._shop).figures()
        except (Unavailable, TimeoutError):
            return None

    async def _queue_depths(self, figures: Figures | None) -> Mapping[str, int]:
        if self._depths is not None:
            return await self._depths.read()
        # Without a broker the outbox is the queue.
        return {} if figures is None else dict.fromkeys(COMMANDS, 0) | figures.queued


class _Collected:
    """The metrics of one scrape, with the interface of a Prometheus registry."""

    def __init__(self, shop: Shop, figures: Figures | None, depths: Mapping[str, int]) -> None:
        self._shop = shop
        self._figures = figures
        self._depths = depths

    def collect(self) -> "Iterator[Metric]":
        """Yield the metrics."""
        yield from _traffic(self._shop.http_metrics)
        yield from _cache(self._shop.cache)
        yield from _pool(self._shop.database)
        yield from _queues(self._depths)
        if self._figures is not None:
            yield from _tables(self._figures)
            yield from _errands(self._figures)


def _traffic(traffic: HttpMetrics) -> "Iterator[Metric]":
    # pylint: disable=import-outside-toplevel  # as above
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    requests = CounterMetricFamily(
        "lavka_http_requests", "Requests answered.", labels=["method", "route", "status"]
    )
    for (method, route, status), count in traffic.requests.items():
        requests.add_metric([method, route, str(status)], count)
    yield requests
    durations = HistogramMetricFamily(
        "lavka_http_request_duration_seconds",
        "Time from the arrival of a request to the end of its response.",
        labels=["route"],
    )
    bounds = [*map(str, BUCKET_SECONDS), "+Inf"]
    for route, each in traffic.durations.items():
        buckets = list(zip(bounds, map(float, accumulate(each.counts))))
        durations.add_metric([route], buckets, each.sum_seconds)
    yield durations


def _pool(database: Database) -> "Iterator[Metric]":
    # pylint: disable=import-outside-toplevel  # as above
    from prometheus_client.core import GaugeMetricFamily

    yield GaugeMetricFamily(
        "lavka_database_pool_in_use", "Connections in use.", database.connections_in_use
    )
    yield GaugeMetricFamily(
        "lavka_database_pool_size", "Connections allowed at most.", database.connections_at_most
    )


def _queues(depths: Mapping[str, int]) -> "Iterator[Metric]":
    # pylint: disable=import-outside-toplevel  # as above
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(
        "lavka_queue_depth", "Messages that wait in a queue.", labels=["queue"]
    )
    for queue, depth in depths.items():
        family.add_metric([queue], depth)
    yield family


def _tables(figures: Figures) -> "Iterator[Metric]":
    # pylint: disable=import-outside-toplevel  # as above
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    yield GaugeMetricFamily(
        "lavka_outbox_messages", "Messages that are not published yet.", figures.outbox_messages
    )
    yield GaugeMetricFamily(
        "lavka_outbox_oldest_age_seconds",
        "Time since the oldest message of the outbox was due.",
        figures.outbox_oldest_age_seconds,
    )
    letters = GaugeMetricFamily(
        "lavka_dead_letters", "Messages that could not be applied.", labels=["queue"]
    )
    for queue, count in (dict.fromkeys(COMMANDS, 0) | figures.dead_letters).items():
        letters.add_metric([queue], count)
    yield letters
    yield CounterMetricFamily(
        "lavka_orders_placed",
        "Orders placed by all processes: the highest number of an order.",
        figures.last_order_number,
    )
    if figures.report_age_seconds is not None:
        yield GaugeMetricFamily(
            "lavka_report_age_seconds",
            "Time since the end of the newest day that has a report.",
            figures.report_age_seconds,
        )


def _errands(figures: Figures) -> "Iterator[Metric]":
    # pylint: disable=import-outside-toplevel  # as above
    from prometheus_client.core import GaugeMetricFamily

    ages = GaugeMetricFamily(
        "lavka_errand_age_seconds",
        "Time since the oldest waiting errand was due.",
        labels=["kind"],
    )
    for kind, seconds in figures.errand_age_seconds.items():
        ages.add_metric([kind], seconds)
    yield ages
    given_up = GaugeMetricFamily(
        "lavka_errands_given_up", "Errands that failed too often.", labels=["kind"]
    )
    for kind, count in figures.errands_given_up.items():
        given_up.add_metric([kind], count)
    yield given_up


def _cache(cache: Cache) -> "Iterator[Metric]":
    # pylint: disable=import-outside-toplevel  # as above
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    hits = CounterMetricFamily(
        "lavka_cache_hits", "Reads answered from the cache.", labels=["kind", "tier"]
    )
    for kind, counts in cache.counts.items():
        for tier in (Tier.NEAR, Tier.REDIS):
            hits.add_metric([kind.name, tier], counts.hits[tier])
    yield hits
    for name, help_text in _BY_KIND.items():
        family = CounterMetricFamily(f"lavka_cache_{name}", help_text, labels=["kind"])
        for kind, counts in cache.counts.items():
            family.add_metric([kind.name], getattr(counts, name))
        yield family
    near, redis = cache.near, cache.redis
    yield CounterMetricFamily(
        "lavka_cache_errors", "Failures of Redis.", redis.errors if redis else 0
    )
    yield GaugeMetricFamily(
        "lavka_cache_redis_up",
        "Whether Redis answers and is synchronized; 0 if it is not configured.",
        float(redis is not None and redis.is_synced),
    )
    yield GaugeMetricFamily(
        "lavka_cache_entries",
        "Entries in the near cache of the process.",
        len(near) if near is not None else 0,
    )
    yield GaugeMetricFamily(
        "lavka_cache_bytes",
        "Approximate size of the near cache of the process.",
        near.bytes if near is not None else 0,
    )


_BY_KIND = {
    "misses": "Reads not answered from the cache.",
    "loads": "Representations loaded from the database.",
    "refused_stores": "Loads not stored because of a concurrent change.",
}
