"""Cached lists of products while orders are placed, which change the stock of what they show."""

import asyncio
import time
from collections.abc import Sequence

from benchmarks.cases.bench import POSTGRES, Bench, Served
from benchmarks.cases.case import Aim, Case
from benchmarks.cases.orders import order_requests
from benchmarks.cases.reads import NEAR, REDIS, tiers
from benchmarks.support.http_client import HttpClient
from benchmarks.support.reading import NotMeasured, Reading
from benchmarks.support.wrk import Load
from tests.support.machines import AUTHORIZATION

_ORDERS_PER_SECOND = 200
_BUYERS = 16
_KEPT_PACE = 0.9
_SORTS = ("name", "-name", "price", "-price", "created_at", "-created_at")
_LIMITS = range(5, 25)


def lists() -> list[str]:
    """Return requests of lists that differ in their order and length."""
    return [
        f"GET /api/v1/products?sort={sort}&limit={limit}" for sort in _SORTS for limit in _LIMITS
    ]


async def place(served: Served, requests: Sequence[str], seconds: float) -> int:
    """Place orders at a steady pace for some seconds; return how many were placed."""
    start, placed = time.monotonic(), 0
    waiting = iter(enumerate(requests))

    async def buy() -> None:
        nonlocal placed
        client = HttpClient(*served.place, AUTHORIZATION)
        for number, request in waiting:
            moment = start + number / _ORDERS_PER_SECOND
            if moment >= start + seconds:
                return
            await asyncio.sleep(moment - time.monotonic())
            method, path, body = request.split(" ", 2)
            answer = await client.send(method, path, body.encode())
            if answer.status != 201:
                raise NotMeasured(f"an order was answered with {answer.status}")
            placed += 1

    await asyncio.gather(*(buy() for _ in range(_BUYERS)))
    return placed


async def _read_and_place(bench: Bench, served: Served, load: Load) -> int:
    count = _ORDERS_PER_SECOND * bench.seconds
    orders = order_requests(served.goods, count)
    buying = asyncio.create_task(place(served, orders, bench.seconds))
    await asyncio.to_thread(bench.send, load, served)
    return await buying


def hit_rate(bench: Bench, *, with_orders: bool) -> Reading:
    """Return the share of lists that the cache has answered."""
    served, load = bench.shop(POSTGRES), Load(lists())
    bench.answered(load, served.url, 1)
    before, placed = tiers(served, "product_list"), 0
    if with_orders:
        placed = asyncio.run(_read_and_place(bench, served, load))
    else:
        bench.send(load, served)
    gained = tiers(served, "product_list") - before
    hits = gained[NEAR] + gained[REDIS]
    details = {
        "lists_per_second": gained.total() / bench.seconds,
        "orders_per_second": placed / bench.seconds,
    }
    is_slow = with_orders and placed < _KEPT_PACE * _ORDERS_PER_SECOND * bench.seconds
    return Reading(hits / max(gained.total(), 1), details, is_disturbed=is_slow)


CASES = [
    Case(
        name="lists-under-orders",
        title=f"hit rate of lists while {_ORDERS_PER_SECOND} orders/s are placed",
        measure=lambda bench: hit_rate(bench, with_orders=True),
        reference=lambda bench: hit_rate(bench, with_orders=False),
        against="without orders",
        unit="",
        aim=Aim(0.9),
    ),
]
