"""Locks, stops and fills the PostgreSQL of a shop with 200 clients, and checks the responses.

It starts its own PostgreSQL and shop. It fails if a client waited longer than 5 s for a response,
if a request that does not need the locked resource was not served as before, if `/health/ready`
was wrong, or if the shop did not recover within 2 s.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from app.settings import Settings
from benchmarks.support.http_client import HttpClient
from benchmarks.support.servers import fill
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import serving
from tests.support.servers import PostgresServer, start_postgres

_CLIENTS = 50
_PAUSE_SECONDS = 0.5
_LONGEST_SECONDS = 5.0
_LONGEST_AFTER_SECONDS = 2.0
_RECOVERY_SECONDS = 2.0
_CALM_SECONDS = 4.0
_GOOD_SHARE = 0.95
_NEVER_SECONDS = 60.0
_DATABASE = "locks"
_END_HALF = """
SELECT pg_terminate_backend(pid)
  FROM (SELECT pid, row_number() OVER (ORDER BY pid) AS number
    FROM pg_stat_activity WHERE application_name = 'lavka' AND query NOT LIKE '%LISTEN%') AS shop
  WHERE number % 2 = 0
"""

PRODUCTS, ORDERS, LOCKED, OTHERS, HEALTH = "products", "orders", "locked", "others", "health"
GROUPS = (PRODUCTS, ORDERS, LOCKED, OTHERS)

Hold = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(slots=True)
class Answers:
    """The responses to the clients of a group in a phase."""

    seconds: list[float] = field(default_factory=list)
    good: int = 0
    unavailable: int = 0
    wrong: int = 0

    @property
    def share(self) -> float:
        """The share of the requests that were served."""
        return self.good / max(len(self.seconds), 1)

    def percentile(self, share: float) -> float:
        """Return the seconds that a share of the responses did not exceed."""
        return sorted(self.seconds)[int((len(self.seconds) - 1) * share)] if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """The held lock or resource, and the requests that must be served meanwhile."""

    name: str
    hold: Hold
    served: frozenset[str]
    is_ready: bool


@dataclass(slots=True)
class Phase:
    """A time in which a lock or resource is held, or none."""

    name: str
    served: frozenset[str]
    is_ready: bool | None
    """The expected readiness of the shop, or None if both states are allowed."""
    longest_seconds: float = _LONGEST_SECONDS
    answers: dict[str, Answers] = field(
        default_factory=lambda: {each: Answers() for each in (*GROUPS, HEALTH)}
    )

    def faults(self) -> list[str]:
        """Return the broken guarantees."""
        return [
            f"{self.name}, {each}: {fault}" for each in self.answers for fault in self._of(each)
        ]

    def _of(self, group: str) -> list[str]:
        answers, faults = self.answers[group], []
        if not answers.seconds:
            return ["no answer at all"]
        if (longest := max(answers.seconds)) > self.longest_seconds:
            faults.append(f"one waited {longest:.1f} s")
        if answers.wrong:
            faults.append(f"{answers.wrong} answers are neither a success nor a 503 with a time")
        is_served = self.is_ready if group == HEALTH else group in self.served
        if is_served and answers.share < _GOOD_SHARE:
            faults.append(f"only {answers.share:.0%} were served")
        if group == HEALTH and self.is_ready is False and answers.good:
            faults.append(f"{answers.good} answers said that the shop is ready")
        return faults


class Crowd:
    """The clients of a shop."""

    def __init__(self, port: int, products: list[str], user_id: str) -> None:
        self._port = port
        self._locked, *self._others = products
        self._user_id = user_id
        self._orders: list[str] = []
        self.phase = Phase("start", frozenset(), None)

    async def begin(self) -> list[asyncio.Task[None]]:
        """Place some orders, and begin to send requests."""
        client = self._client()
        for product_id in self._others[:_CLIENTS]:
            answer = await client.send("POST", "/api/v1/orders", self._basket(product_id))
            self._orders.append(json.loads(answer.body)["id"])
        works: list[Coroutine[Any, Any, None]] = [self._ask_health()]
        works += [self._visit(group) for group in GROUPS for _ in range(_CLIENTS)]
        return [asyncio.create_task(each) for each in works]

    def _client(self) -> HttpClient:
        return HttpClient("127.0.0.1", self._port, AUTHORIZATION)

    def _basket(self, product_id: str) -> bytes:
        items = [{"product_id": product_id, "quantity": 1}]
        return json.dumps({"user_id": self._user_id, "items": items}).encode()

    async def _visit(self, group: str) -> None:
        client = self._client()
        await asyncio.sleep(random.random() * _PAUSE_SECONDS)
        while True:
            client = await self._send(client, group, *self._request(group))
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask_health(self) -> None:
        client = self._client()
        while True:
            client = await self._send(client, HEALTH, "GET", "/health/ready")
            await asyncio.sleep(_PAUSE_SECONDS)

    def _request(self, group: str) -> tuple[str, str, bytes]:
        if group == PRODUCTS:
            return "GET", f"/api/v1/products/{random.choice(self._others)}", b""
        if group == ORDERS:
            return "GET", f"/api/v1/orders/{random.choice(self._orders)}", b""
        product_id = self._locked if group == LOCKED else random.choice(self._others)
        return "POST", "/api/v1/orders", self._basket(product_id)

    async def _send(
        self, client: HttpClient, group: str, method: str, path: str, body: bytes = b""
    ) -> HttpClient:
        """Send a request and record its response; return the client for the next one."""
        phase, began = self.phase, time.perf_counter()
        answers = phase.answers[group]
        try:
            async with asyncio.timeout(_NEVER_SECONDS):
                answer = await client.send(method, path, body)
        except (OSError, EOFError, TimeoutError):
            answers.wrong += 1
            client = self._client()
        else:
            if group == HEALTH and self.phase is not phase:
                # The request waited until the hold ended, and describes the time after it.
                return client
            answers.good += answer.status < 300
            is_honest = answer.status == 503 and (
                group == HEALTH or "retry-after" in answer.headers
            )
            answers.unavailable += is_honest
            answers.wrong += answer.status >= 300 and not is_honest
        answers.seconds.append(time.perf_counter() - began)
        return client


class Holds:
    """Other connections that lock or fill the database."""

    def __init__(self, server: PostgresServer, locked: str) -> None:
        self._server = server
        self._locked = locked

    def scenarios(self) -> list[Scenario]:
        """Return all scenarios."""
        free = frozenset(GROUPS)
        row = f"SELECT 1 FROM variants WHERE id = '{self._locked}' FOR UPDATE"
        return [
            Scenario(
                "a row is locked",
                lambda: self._server.holding(_DATABASE, row),
                free - {LOCKED},
                True,
            ),
            Scenario(
                "a table is locked",
                lambda: self._server.holding(_DATABASE, "LOCK TABLE products"),
                frozenset({ORDERS}),
                True,
            ),
            Scenario("no connection is left", self._taking_all, free, True),
            Scenario("PostgreSQL is stopped", self._stopping, frozenset(), False),
        ]

    async def _connect(self) -> Any:
        return await asyncpg.connect(self._server.url(_DATABASE), timeout=5)

    @asynccontextmanager
    async def _taking_all(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            first = await self._take_all(stack)
            # The shop has to manage with the rest of its connections.
            await first.execute(_END_HALF)
            await self._take_all(stack)
            yield

    async def _take_all(self, stack: AsyncExitStack) -> Any:
        """Open connections until the server accepts no more; return the first one."""
        taken = []
        while True:
            try:
                taken.append(await self._connect())
            except asyncpg.TooManyConnectionsError:
                return taken[0]
            stack.push_async_callback(taken[-1].close)

    @asynccontextmanager
    async def _stopping(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self._server.pause)
        try:
            yield
        finally:
            await asyncio.to_thread(self._server.resume)


async def _try(crowd: Crowd, scenario: Scenario, seconds: float) -> list[Phase]:
    """Hold a lock or resource for a time; return the phases during the hold and after it."""
    # A request before a change may get its response after it, and belongs to no phase.
    crowd.phase = Phase("before", frozenset(), None)
    await asyncio.sleep(_PAUSE_SECONDS)
    async with scenario.hold():
        crowd.phase = held = Phase(scenario.name, scenario.served, scenario.is_ready)
        await asyncio.sleep(seconds)
        crowd.phase = recovering = Phase("released", frozenset(), None)
    await asyncio.sleep(_RECOVERY_SECONDS)
    crowd.phase = after = Phase("afterwards", frozenset(GROUPS), True, _LONGEST_AFTER_SECONDS)
    await asyncio.sleep(_CALM_SECONDS)
    return [held, recovering, after]


async def _run(server: PostgresServer, settings: Settings, seconds: float) -> list[Phase]:
    users, products = await fill(settings)
    await let_machine_into(settings)
    with ExitStack() as stack:
        served = stack.enter_context(serving(settings, settings.data_dir))
        crowd = Crowd(served.port, [str(each) for each in products], str(users[0]))
        tasks = await crowd.begin()
        # The first seconds open connections and compile statements.
        await asyncio.sleep(_CALM_SECONDS / 2)
        crowd.phase = calm = Phase("nothing", frozenset(GROUPS), True, _LONGEST_AFTER_SECONDS)
        phases = [calm]
        await asyncio.sleep(_CALM_SECONDS)
        for scenario in Holds(server, str(products[0])).scenarios():
            phases += await _try(crowd, scenario, seconds)
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)
        return phases


def _table(phases: list[Phase]) -> Table:
    table = Table("while", "request", "answers", "served", "503", "wrong", "p50", "p99", "longest")
    for phase in phases:
        for group, answers in phase.answers.items():
            table.add_row(
                phase.name if group == GROUPS[0] else "",
                group,
                f"{len(answers.seconds):,}",
                f"{answers.share:.1%}",
                f"{answers.unavailable:,}",
                str(answers.wrong),
                *(f"{answers.percentile(share) * 1_000:,.0f} ms" for share in (0.5, 0.99, 1.0)),
            )
        table.add_section()
    return table


def main() -> None:
    """Run all scenarios, print a table, and exit with 1 if a guarantee was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.locks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=25.0, help="of each hold (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, start_postgres() as server:
        server.create_database(_DATABASE)
        settings = Settings(
            _env_file=None,
            data_dir=Path(folder),
            db_host=server.host,
            db_port=server.port,
            postgres_user=server.user,
            postgres_password=server.password,
            postgres_db=_DATABASE,
            rate_limit_per_minute=0,
        )
        phases = asyncio.run(_run(server, settings, arguments.seconds))
    console = Console(width=120)
    console.print(_table(phases))
    faults = [fault for phase in phases for fault in phase.faults()]
    for fault in faults:
        console.print(f"fault: {fault}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
