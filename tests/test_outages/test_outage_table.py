"""The functions that work during an outage: each cell of the table in docs/watching.md."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import delete, update

from app.errors import Unavailable
from app.jobs.daily_reports import make_due_reports
from app.models import DailyReport, Product, ReportLine, ReportProduct
from app.wiring.resources import Shop
from main import create_app
from tests.conftest import broker_settings, client_of, postgres_settings, rabbitmq_or_skip, running
from tests.support.accounts import Person, log_in, someone
from tests.support.factories import create_product, place_order
from tests.support.ledger import assert_conserved, every
from tests.support.processes import Program
from tests.support.servers import PostgresServer, RedisServer, start_postgres, start_redis
from tests.test_cache.reads import believed
from tests.test_messaging.deliveries import postponed_in
from tests.test_messaging.workers import Stand, ended, until

READY = "http://shop.test/health/ready"
UNAVAILABLE = 503


class Workers(ExitStack):
    """The worker of a shop and its successors; those that still run at the end are killed."""

    latest: Program

    def start(self, stand: Stand) -> None:
        """Start a worker, which becomes the latest one."""
        self.latest = self.enter_context(stand.worker())


@dataclass
class World:
    """A shop with all services, and a customer who has placed an order."""

    stand: Stand
    postgres: PostgresServer
    redis: RedisServer
    customer: Person
    shown: dict[str, Any]
    """A product that is cached, because it was read."""
    unseen: dict[str, Any]
    """A product that has not been read; its creation has dropped the cached lists."""
    sold: dict[str, Any]
    """A product that is ordered, and therefore dropped from the cache."""
    order: dict[str, Any]
    down: str = ""
    workers: Workers = field(default_factory=Workers)
    placed: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """The URLs of the operations that wait for a worker."""

    @property
    def client(self) -> httpx.AsyncClient:
        """The client, which sends an API key unless a request has other headers."""
        return self.stand.client

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request of the customer; it may fail only as documented."""
        # Without this, the cached identity would hide that the check needs the database.
        self.stand.shop.identities.clear()
        request["headers"] = self.customer.headers | request.get("headers", {})
        response = await self.client.request(method, path, **request)
        if response.status_code >= 500:
            assert (self.down, response.status_code) == ("PostgreSQL", UNAVAILABLE)
            assert response.headers["Retry-After"] == "1"
            assert response.json()["type"] == "urn:problem:unavailable"
        return response

    def basket(self) -> dict[str, Any]:
        """The body of an order of one unit."""
        return {"items": [{"product_id": self.sold["id"], "quantity": 1}]}

    async def count(self) -> int:
        """Return the number of orders."""
        return len(await every(self.client, "/orders"))


@pytest_asyncio.fixture(scope="module", loop_scope="session", name="world")
async def whole_world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A shop over separate servers, which may stop, and a worker."""
    with rabbitmq_or_skip() as broker, start_postgres() as postgres, start_redis() as redis:
        postgres.create_database("outages")
        settings = postgres_settings(
            postgres,
            "outages",
            redis_host=redis.host,
            redis_port=redis.port,
            **broker_settings(broker),
        )
        application = create_app(Shop(settings))
        async with running(application), client_of(application) as client:
            shop: Shop = application.state.shop
            stand = Stand(settings, shop, client, broker, tmp_path_factory.mktemp("outages"))
            customer = await someone(client)
            shown, sold, unseen = [
                await create_product(client, stock_quantity=1_000) for _ in range(3)
            ]
            order = await place_order(client, customer.id, {sold["id"]: 1})
            await open_yesterday(shop)
            whole = World(stand, postgres, redis, customer, shown, unseen, sold, order)
            with whole.workers:
                whole.workers.start(stand)
                yield whole


async def open_yesterday(shop: Shop) -> None:
    """Make the report of yesterday due, as if the shop had been open since then."""
    async with shop.database.write() as session:
        await session.execute(
            update(Product).values(created_at=shop.clock.now() - timedelta(days=1))
        )


async def forget_reports(shop: Shop) -> None:
    """Delete the reports."""
    async with shop.database.write() as session:
        for table in (ReportLine, ReportProduct, DailyReport):
            await session.execute(delete(table))


def yesterday_of(shop: Shop) -> date:
    """Return the newest day that has ended."""
    return shop.days.last_over(shop.clock.now())


@asynccontextmanager
async def without_redis(world: World) -> AsyncIterator[None]:
    """Stop Redis; afterwards it is synchronized again."""
    await asyncio.to_thread(world.redis.stop)
    await believed(world.stand.shop, False)
    yield
    await asyncio.to_thread(world.redis.start)
    await believed(world.stand.shop)


@asynccontextmanager
async def without_rabbitmq(world: World) -> AsyncIterator[None]:
    """Stop the broker; afterwards all waiting messages are sent."""
    await asyncio.to_thread(world.stand.server.stop)
    yield
    events = [each.routing_key for each in await postponed_in(world.stand.shop)]
    assert events.count("order.placed") == len(world.placed) > 0
    await asyncio.to_thread(world.stand.server.start)
    await until(lambda: postponed_in(world.stand.shop), [])


@asynccontextmanager
async def without_worker(world: World) -> AsyncIterator[None]:
    """Stop the worker; afterwards another one does the remaining work."""
    assert await ended(world.workers.latest, 30) == 0
    yield
    world.workers.start(world.stand)
    await until(lambda: postponed_in(world.stand.shop), [])


async def state_of(world: World, path: str) -> str:
    """Return the state of an operation."""
    state: str = (await world.ask("GET", f"http://shop.test{path}")).json()["state"]
    return state


@asynccontextmanager
async def without_postgres(world: World) -> AsyncIterator[None]:
    """Stop the database while orders are placed; afterwards each order exists once."""
    before = await world.count()
    keys = [f"order-{number}" for number in range(30)]
    sending = [asyncio.create_task(place(world, key)) for key in keys]
    await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    world.down = "PostgreSQL"
    await asyncio.to_thread(world.postgres.stop, "immediate")
    assert {await each for each in sending} <= {201, UNAVAILABLE}
    yield
    await asyncio.to_thread(world.postgres.start)
    world.down = ""
    await until(lambda: status_of_ready(world), 200)
    assert {await place(world, key) for key in keys} == {201}
    assert await world.count() == before + len(keys)
    await until(lambda: postponed_in(world.stand.shop), [])


async def place(world: World, key: str) -> int:
    """Place an order once, even if the request is repeated."""
    headers = world.customer.headers | {"Idempotency-Key": key}
    response = await world.client.post("/orders", json=world.basket(), headers=headers)
    return response.status_code


async def status_of_ready(world: World) -> int:
    """Return the status of the readiness check."""
    return (await world.client.get(READY)).status_code


ROWS: dict[str, Callable[[World], Any]] = {
    "Redis": without_redis,
    "RabbitMQ": without_rabbitmq,
    "worker": without_worker,
    "PostgreSQL": without_postgres,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=ROWS, name="row")
async def row_of_the_table(
    request: pytest.FixtureRequest, world: World
) -> AsyncIterator[tuple[str, World]]:
    """A shop during an outage; after the recovery, orders and stock are consistent."""
    world.placed, world.waiting = [], []
    await forget_reports(world.stand.shop)
    await world.stand.wait_for_workers()
    await believed(world.stand.shop)
    await until(lambda: postponed_in(world.stand.shop), [])
    world.unseen = await create_product(world.client)
    await world.client.get(f"/products/{world.shown['id']}")
    async with ROWS[request.param](world):
        world.down = request.param
        yield request.param, world
    world.down = ""
    # A message that has left the outbox need not be applied yet.
    for each in world.waiting:
        await until(partial(state_of, world, each), "succeeded")
    # A report that could not be made during the outage is made now.
    missed = [yesterday_of(world.stand.shop)] if request.param == "PostgreSQL" else []
    assert await make_due_reports(world.stand.shop) == missed
    known = {each["id"] for each in await every(world.client, "/orders")}
    assert known >= set(world.placed)
    await assert_conserved(world.client, [world.sold["id"]])


Row = tuple[str, World]


async def test_products_are_browsed(row: Row) -> None:
    down, world = row
    known = await world.ask("GET", f"/products/{world.shown['id']}")
    assert (known.status_code, known.json()["id"]) == (200, world.shown["id"])
    page, other = await world.ask("GET", "/products"), await world.ask(
        "GET", f"/products/{world.unseen['id']}"
    )
    assert {page.status_code, other.status_code} == {UNAVAILABLE if down == "PostgreSQL" else 200}
    if down == "Redis":
        assert known.headers["X-Cache"] == "miss"


async def test_a_customer_sees_the_own_orders(row: Row) -> None:
    down, world = row
    expected = UNAVAILABLE if down == "PostgreSQL" else 200
    for path in ("/orders", f"/orders/{world.order['id']}"):
        assert (await world.ask("GET", path)).status_code == expected


async def test_an_order_is_placed(row: Row) -> None:
    down, world = row
    answer = await world.ask("POST", "/orders", json=world.basket())
    later = await world.ask(
        "POST", "/orders", json=world.basket(), headers={"Prefer": "respond-async"}
    )
    if down == "PostgreSQL":
        assert (answer.status_code, later.status_code) == (UNAVAILABLE, UNAVAILABLE)
        return
    assert (answer.status_code, later.status_code) == (201, 202)
    world.placed.append(answer.json()["id"])
    world.waiting.append(later.headers["Location"])


async def test_a_customer_logs_in(row: Row) -> None:
    down, world = row
    world.stand.shop.identities.clear()
    answer = await log_in(world.client, world.customer.user["email"])
    assert answer.status_code == (UNAVAILABLE if down == "PostgreSQL" else 200)
    if answer.status_code == UNAVAILABLE:
        assert answer.headers["Retry-After"] == "1"


async def test_the_report_of_the_day_is_made(row: Row) -> None:
    down, world = row
    shop = world.stand.shop
    yesterday = yesterday_of(shop)
    if down == "PostgreSQL":
        with pytest.raises(Unavailable):
            await make_due_reports(shop)
    else:
        assert await make_due_reports(shop) == [yesterday]
    shown = await world.client.get(f"/reports/{yesterday}")
    assert shown.status_code == (UNAVAILABLE if down == "PostgreSQL" else 200)
    if down == "RabbitMQ":
        waiting = [each.routing_key for each in await postponed_in(shop)]
        assert {"report", "report.ready"} <= set(waiting)


async def test_the_health_check_names_the_service_that_is_down(row: Row) -> None:
    down, world = row
    told = await world.client.get(READY)
    names = {"Redis": "redis", "RabbitMQ": "rabbitmq", "PostgreSQL": "database"}
    gone = [name for name, each in told.json()["dependencies"].items() if each["status"] == "down"]
    assert gone == ([names[down]] if down in names else [])
    words = {"PostgreSQL": (UNAVAILABLE, "down"), "worker": (200, "ok")}
    assert (told.status_code, told.json()["status"]) == words.get(down, (200, "degraded"))
