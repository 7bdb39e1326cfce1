"""Orders of three lines over HTTP, compared with the same writes without a shop."""

import json
import random
import subprocess
import sys

from benchmarks.cases.bench import POSTGRES, SQLITE, Bench, Goods, Kind
from benchmarks.cases.case import Aim, Case, Measure
from benchmarks.support.pgbench import OF_KEY, OF_REQUEST
from benchmarks.support.reading import NotMeasured, Reading
from benchmarks.support.servers import ROOT, pinned
from benchmarks.support.wrk import Load
from tests.support.machines import AUTHORIZATION

LINES = 3
_BODIES = 5_000
_MANY = 64


def order_requests(goods: Goods, count: int) -> list[str]:
    """Return requests that place orders of three lines."""
    chance = random.Random(1)
    requests = []
    for _ in range(count):
        items = [
            {"product_id": str(each), "quantity": chance.randint(1, 3)}
            for each in chance.sample(goods.products, LINES)
        ]
        body = {"user_id": str(chance.choice(goods.users)), "items": items}
        requests.append(f"POST /api/v1/orders {json.dumps(body)}")
    return requests


def place(kind: Kind, connections: int, *, is_keyed: bool = True) -> Measure:
    """Return the measurement of orders that are placed over some connections."""

    def measure(bench: Bench) -> Reading:
        served = bench.shop(kind)
        requests = order_requests(served.goods, _BODIES)
        machine = tuple(AUTHORIZATION.items())
        return bench.send(Load(requests, connections, machine, is_keyed), served)

    return measure


def postgres_alone(script: str, clients: int | None = None) -> Measure:
    """Return the measurement of the same writes by pgbench, by its best number of clients."""

    def measure(bench: Bench) -> Reading:
        alone, best = bench.pgbench
        with pinned(bench.shop_core):
            return Reading(alone.orders(script, clients or best, bench.seconds))

    return measure


def sqlite_alone(*, is_keyed: bool) -> Measure:
    """Return the measurement of the same writes by one thread."""

    def measure(bench: Bench) -> Reading:
        command = [sys.executable, "-m", "benchmarks.support.sqlite_orders"]
        command += [str(bench.sqlite_file), str(bench.seconds), "keyed" if is_keyed else "plain"]
        with pinned(bench.shop_core):
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotMeasured(f"sqlite3: {done.stderr}")
        return Reading(float(done.stdout))

    return measure


_BEST = "pgbench at its best, the same writes"
_THREAD = "sqlite3 in one thread, the same writes"

CASES = [
    Case(
        name="order-key",
        title=f"`POST /orders` with a key, {_MANY} connections, PostgreSQL",
        measure=place(POSTGRES, _MANY),
        reference=postgres_alone(OF_KEY),
        against=_BEST,
        unit="orders/s",
        aim=Aim(1.0),
    ),
    Case(
        name="order-key-single",
        title="`POST /orders` with a key, one connection, PostgreSQL",
        measure=place(POSTGRES, 1),
        reference=postgres_alone(OF_KEY, clients=1),
        against="pgbench, one client",
        unit="orders/s",
        aim=Aim(0.35),
    ),
    Case(
        name="order-key-sqlite",
        title=f"`POST /orders` with a key, {_MANY} connections, SQLite (`FULL`)",
        measure=place(SQLITE, _MANY),
        reference=sqlite_alone(is_keyed=True),
        against=_THREAD,
        unit="orders/s",
        aim=Aim(0.5),
    ),
    Case(
        name="order",
        title=f"`POST /orders`, {_MANY} connections, PostgreSQL",
        measure=place(POSTGRES, _MANY, is_keyed=False),
        reference=postgres_alone(OF_REQUEST),
        against=_BEST,
        unit="orders/s",
    ),
    Case(
        name="order-sqlite",
        title=f"`POST /orders`, {_MANY} connections, SQLite (`FULL`)",
        measure=place(SQLITE, _MANY, is_keyed=False),
        reference=sqlite_alone(is_keyed=False),
        against=_THREAD,
        unit="orders/s",
    ),
]
