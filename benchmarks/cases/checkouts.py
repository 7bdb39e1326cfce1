"""Guests who order by carts, a fixed number each second, regardless of the response times."""

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from benchmarks.cases.bench import POSTGRES, Bench, Served
from benchmarks.cases.case import Aim, Case, Measure
from benchmarks.cases.orders import LINES
from benchmarks.support.http_client import HttpClient
from benchmarks.support.reading import NotMeasured, Reading
from benchmarks.support.servers import cpu_seconds, pinned

PER_SECOND = 50
_PLACE = {
    "country": "DE",
    "recipient": "Grace Hopper",
    "street": "Invalidenstraße 43",
    "postal_code": "10115",
    "city": "Berlin",
}
_LEAD_SECONDS = 2.0
"""The seconds between the start of a visit and the checkout."""
_WARM_UP = 50
_DEADLINE_SECONDS = 60


def percentile(values: list[float], percent: int) -> float:
    """Return the smallest of the values that this share of them does not exceed."""
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]


@dataclass(frozen=True, slots=True)
class Visit:
    """A guest's cart and its total."""

    path: str
    token: dict[str, str]
    total: str


@dataclass(slots=True)
class Guests:
    """All guests of a shop, and the durations of each kind of request."""

    served: Served
    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _idle: list[HttpClient] = field(default_factory=list)
    _chance: random.Random = field(default_factory=random.Random)

    async def shop(self) -> Visit:
        """Open a cart, put three products into it, and set the delivery address."""
        address = f"guest{self._chance.getrandbits(64):x}@example.com"
        opened, token = await self._send("cart", "POST", "/api/v1/carts", {"email": address})
        path, secret = f"/api/v1/carts/{opened['id']}", {"Cart-Token": token}
        for product_id in self._chance.sample(self.served.goods.products, LINES):
            line = {"product_id": str(product_id), "quantity": self._chance.randint(1, 3)}
            await self._send("line", "POST", f"{path}/lines", line, secret)
        ready, _ = await self._send("address", "PATCH", path, {"delivery_address": _PLACE}, secret)
        return Visit(path, secret, ready["total"])

    async def check_out(self, visit: Visit, planned: float) -> None:
        """Order a cart at a moment, which counts as the beginning even if it has passed."""
        await asyncio.sleep(planned - time.perf_counter())
        body = {"payment": "manual", "expected_total": visit.total, "terms_accepted": True}
        await self._send("checkout", "POST", f"{visit.path}/checkout", body, visit.token, planned)

    async def visit(self, planned: float) -> None:
        """Shop, and order some time after the beginning."""
        await self.check_out(await self.shop(), planned + _LEAD_SECONDS)

    async def _send(
        self,
        kind: str,
        method: str,
        path: str,
        body: dict[str, Any],
        headers: dict[str, str] | None = None,
        planned: float | None = None,
    ) -> tuple[dict[str, Any], str]:
        client = self._idle.pop() if self._idle else HttpClient(*self.served.place, {})
        began = planned or time.perf_counter()
        answer = await client.send(method, path, json.dumps(body).encode(), headers)
        self.milliseconds[kind].append((time.perf_counter() - began) * 1_000)
        self._idle.append(client)
        if answer.status >= 300:
            raise NotMeasured(f"{method} {path}: {answer.status} {answer.body.decode()}")
        return json.loads(answer.body), answer.headers.get("cart-token", "")


async def _arrive(come: Callable[[int, float], Awaitable[Any]], count: int) -> list[Any]:
    """Start the visits of guests at their moments, without waiting for earlier visits to end."""
    begin = time.perf_counter()

    async def one(number: int) -> Any:
        planned = begin + number / PER_SECOND
        await asyncio.sleep(planned - time.perf_counter())
        return await come(number, planned)

    async with asyncio.timeout(count / PER_SECOND + _DEADLINE_SECONDS):
        return await asyncio.gather(*map(one, range(count)))


async def _run(served: Served, count: int, *, is_alone: bool) -> Reading:
    warm = Guests(served)
    # One after the other: imports at the first use would delay all concurrent requests.
    for _ in range(_WARM_UP):
        await warm.check_out(await warm.shop(), time.perf_counter())
    guests = Guests(served)
    if is_alone:
        visits: list[Visit] = await _arrive(lambda *_: guests.shop(), count)
        guests.milliseconds.clear()
    before = cpu_seconds(served.pid)
    if is_alone:
        await _arrive(lambda number, planned: guests.check_out(visits[number], planned), count)
    else:
        await _arrive(lambda _, planned: guests.visit(planned), count)
    cost = (cpu_seconds(served.pid) - before) / count
    taken = guests.milliseconds
    details = {f"{kind}_p95_ms": percentile(each, 95) for kind, each in taken.items()}
    details |= {f"p{each}_ms": percentile(taken["checkout"], each) for each in (50, 99)}
    return Reading(details["checkout_p95_ms"], details | {"cpu_us": cost * 1e6})


def _measured(*, is_alone: bool) -> Measure:
    def measure(bench: Bench) -> Reading:
        served = bench.shop(POSTGRES)
        with pinned(bench.load_core):
            try:
                count = PER_SECOND * bench.seconds
                return asyncio.run(_run(served, count, is_alone=is_alone))
            except TimeoutError as error:
                raise NotMeasured(f"{PER_SECOND} guests a second are too many") from error

    return measure


CASES = [
    Case(
        name="checkout",
        title=f"p95 of checkouts, {PER_SECOND} guests/s with carts of {LINES} lines",
        measure=_measured(is_alone=False),
        unit="ms",
        aim=Aim(60, is_most=True),
    ),
    Case(
        name="checkout-alone",
        title=f"p95 of checkouts, {PER_SECOND}/s of carts that are there before",
        measure=_measured(is_alone=True),
        unit="ms",
    ),
]
