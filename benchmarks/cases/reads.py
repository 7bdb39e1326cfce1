"""Reads of products, lists and orders, each answered by the cache or by the database."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import httpx

from benchmarks.cases.bench import LARGE, POSTGRES, REDIS_ONLY, SQLITE, Bench, Kind, Served
from benchmarks.cases.case import Aim, Case, Measure
from benchmarks.support.http_client import HttpClient
from benchmarks.support.reading import NotMeasured, Reading
from benchmarks.support.servers import pinned
from benchmarks.support.wrk import Load
from tests.support.machines import AUTHORIZATION

LIST = "/api/v1/products?limit=20"
NEAR, _REDIS, _MISS = "near", "redis", "miss"
# The rest are misses after an outage of Redis, and near entries, which expire after 5 s.
_LEAST_SHARE, _GOOD_SHARE = 0.5, 0.9
_WARMED = 1_000
_ORDERS = 100
_CLIENTS = 16
_PASSWORD = "benchmark of cached reads"

Prepare = Callable[[Bench, Served], Load]


def products(_bench: Bench, served: Served) -> Load:
    """Return reads of all products in turn."""
    return Load([f"GET /api/v1/products/{each}" for each in served.goods.products])


def products_over(connections: int) -> Prepare:
    """Return a function that prepares reads of all products over some connections."""
    return lambda bench, served: replace(products(bench, served), connections=connections)


def products_with_token(bench: Bench, served: Served) -> Load:
    """Return reads of products by a user who has just logged in."""
    name = f"reader-{random.getrandbits(64):x}"
    with httpx.Client(base_url=f"{served.url}/api/v1") as client:
        user = {"email": f"{name}@example.com", "username": name, "first_name": "Reader"}
        client.post("/users", json=user | {"password": _PASSWORD}).raise_for_status()
        form = {"username": user["email"], "password": _PASSWORD}
        token = client.post("/auth/token", data=form).raise_for_status().json()["access_token"]
    headers = (("Authorization", f"Bearer {token}"),)
    return Load(products(bench, served).requests, headers=headers)


def unseen_products(bench: Bench, _served: Served) -> Load:
    """Return reads of products that have not been read before."""
    return Load([f"GET /api/v1/products/{each}" for each in bench.unseen()])


def unchanged_product(_bench: Bench, served: Served) -> Load:
    """Return reads of a product whose current version the caller has."""
    path = f"/api/v1/products/{served.goods.products[0]}"
    tag = httpx.get(f"{served.url}{path}").raise_for_status().headers["ETag"]
    return Load([f"GET {path}"], headers=(("If-None-Match", tag),))


def lists(_bench: Bench, _served: Served) -> Load:
    """Return reads of the first page of all products."""
    return Load([f"GET {LIST}"])


def orders(_bench: Bench, served: Served) -> Load:
    """Return reads of orders that are placed first."""
    chance, goods = random.Random(1), served.goods
    paths = []
    with httpx.Client(base_url=f"{served.url}/api/v1", headers=AUTHORIZATION) as client:
        for _ in range(_ORDERS):
            item = {"product_id": str(chance.choice(goods.products)), "quantity": 1}
            order = {"user_id": str(chance.choice(goods.users)), "items": [item]}
            placed = client.post("/orders", json=order).raise_for_status().json()
            paths.append(f"GET /api/v1/orders/{placed['id']}")
    return Load(paths, headers=tuple(AUTHORIZATION.items()))


def read(prepare: Prepare, kind: Kind, what: str, tier: str, least_seconds: int = 1) -> Measure:
    """Return the measurement of a load that one tier of the cache answers."""

    def measure(bench: Bench) -> Reading:
        served = bench.shop(kind)
        load = prepare(bench, served)
        if tier != _MISS:
            asyncio.run(_warm(served, load))
        before = _tiers(served, what)
        reading = bench.send(load, served, max(bench.seconds, least_seconds))
        gained = _tiers(served, what) - before
        share = gained[tier] / max(gained.total(), 1)
        if share < _LEAST_SHARE:
            raise NotMeasured(f"only {share:.0%} of the reads were answered by the tier {tier}")
        details = {**reading.details, "tier_share": share}
        return Reading(reading.value, details, is_disturbed=share < _GOOD_SHARE)

    return measure


def bare(prepare: Prepare, kind: Kind) -> Measure:
    """Return the measurement of an application that only returns a body of the same size."""

    def measure(bench: Bench) -> Reading:
        served = bench.shop(kind)
        load = prepare(bench, served)
        path = load.requests[0].removeprefix("GET ")
        headers = dict(load.headers) | {"Accept-Encoding": ""}
        answer = httpx.get(f"{served.url}{path}", headers=headers).raise_for_status()
        return bench.send(Load(["GET /"]), bench.bare(len(answer.content)))

    return measure


def selects(bench: Bench) -> Reading:
    """Return the number of products that pgbench selects by key in a second."""
    bench.shop(LARGE)
    alone = replace(bench.pgbench[0], database=LARGE.name)
    with pinned(bench.shop_core):
        return Reading(alone.selects(bench.unseen_count, _CLIENTS, bench.seconds))


async def _warm(served: Served, load: Load) -> None:
    """Send each of the first requests once."""
    client = HttpClient(*served.place, dict(load.headers))
    for request in load.requests[:_WARMED]:
        method, path = request.split(" ")
        await client.send(method, path)


def _tiers(served: Served, what: str) -> Counter[str]:
    """Return how many reads of a kind each tier has answered so far."""
    answer = httpx.get(f"{served.url}/metrics", headers=AUTHORIZATION, timeout=60)
    text = answer.raise_for_status().text
    found = {_MISS: rf'lavka_cache_misses_total{{kind="{what}"}} (\S+)'}
    for tier in (NEAR, _REDIS):
        found[tier] = rf'lavka_cache_hits_total{{kind="{what}",tier="{tier}"}} (\S+)'
    return Counter(
        {tier: int(float(match[1])) for tier, it in found.items() if (match := re.search(it, text))}
    )


_BARE = "bare application, body of that size"


def _cases(kind: Kind, place: str, suffix: str, aims: Mapping[str, Aim]) -> list[Case]:
    """Return the reads that a shop over each database answers from the memory of its process."""

    def case(name: str, title: str, load: Prepare, what: str, size: Prepare) -> Case:
        return Case(
            name=name + suffix,
            title=f"{title}, {place}",
            measure=read(load, kind, what, NEAR),
            reference=bare(size, kind),
            against=_BARE,
            aim=aims.get(name),
        )

    return [
        case("product-near", "`GET /products/{id}`, near", products, "product", products),
        case("list-near", "`GET /products?limit=20`, near", lists, "product_list", lists),
        case("product-304", "`GET /products/{id}`, 304", unchanged_product, "product", products),
        case("order-read", "`GET /orders/{id}`, near", orders, "order", orders),
    ]


CASES = [
    *_cases(POSTGRES, "PostgreSQL", "", {"product-near": Aim(0.4), "list-near": Aim(0.4)}),
    Case(
        name="product-token",
        title="`GET /products/{id}`, near, with a valid token",
        measure=read(products_with_token, POSTGRES, "product", NEAR),
        reference=bare(products, POSTGRES),
        against=_BARE,
        aim=Aim(0.3),
    ),
    Case(
        name="product-redis",
        title="`GET /products/{id}`, hit in Redis only",
        measure=read(products, REDIS_ONLY, "product", _REDIS),
        reference=bare(products, REDIS_ONLY),
        against=_BARE,
        aim=Aim(0.15),
    ),
    Case(
        name="product-miss",
        title="`GET /products/{id}`, miss",
        measure=read(unseen_products, LARGE, "product", _MISS),
        reference=selects,
        against="pgbench, prepared select by key",
        aim=Aim(0.12),
    ),
    *_cases(SQLITE, "SQLite", "-sqlite", {}),
]
