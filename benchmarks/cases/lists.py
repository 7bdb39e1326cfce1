"""Cached lists of products while orders are placed, which change the stock of the products."""

import asyncio

from benchmarks.cache.lists_under_orders import AIM, Load, Pace, Round
from benchmarks.cases.bench import POSTGRES, Bench, Served
from benchmarks.cases.case import Aim, Case
from benchmarks.support.reading import Reading
from benchmarks.support.servers import pinned

_READS, _ORDERS, _CHANGES = 400, 200, 1
_LEAST_SECONDS = 2
# The first loads are not counted.
_WARMING = Pace(seconds=0.5, reads=_READS, orders=0, changes=0)
_KEPT_PACE = 0.9


def hit_rate(bench: Bench, *, with_orders: bool) -> Reading:
    """Return the share of lists that the cache answers."""
    seconds = max(bench.seconds, _LEAST_SECONDS)
    orders, changes = (_ORDERS, _CHANGES) if with_orders else (0, 0)
    served = bench.shop(POSTGRES)
    with pinned(bench.load_core):
        found = asyncio.run(_measure(served, Pace(seconds, _READS, orders, changes)))
    details = {
        "lists_per_second": found.reads / found.seconds,
        "orders_per_second": found.orders / found.seconds,
    }
    is_late = found.orders / found.seconds < _KEPT_PACE * orders
    return Reading(found.hit_rate, details, is_disturbed=is_late)


async def _measure(served: Served, pace: Pace) -> Round:
    load = Load(served.place[1], served.goods.users, served.goods.products)
    await load.prepare()
    await load.measure(_WARMING)
    return await load.measure(pace)


CASES = [
    Case(
        name="lists-under-orders",
        title=f"hit rate of lists while {_ORDERS} orders/s are placed",
        measure=lambda bench: hit_rate(bench, with_orders=True),
        reference=lambda bench: hit_rate(bench, with_orders=False),
        against="without orders",
        unit="",
        aim=Aim(AIM),
    ),
]
