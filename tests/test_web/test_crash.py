"""A process of the shop is killed at the worst moments: no order is lost and none is doubled."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.settings import Settings
from app.wiring.resources import Shop
from tests.conftest import DATABASES, client_of, postgres_settings, running, sqlite_settings
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import assert_conserved, every, movements_of, stock_of
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import ROOT, Program, environment, free_port, started
from tests.support.servers import PostgresServer
from tests.support.servers.sqlite import give_schema

START_SECONDS = 60
# The shop as it is, except that a request with the header `Crash` ends its process: as the
# transaction is about to be committed, or as the answer is about to be sent.
DOOMED = """
import os, signal
from sqlalchemy import event
from app.server import main
from main import create_app

moments = set()

def die(moment):
    if moment in moments:
        os.kill(os.getpid(), signal.SIGKILL)

def create_doomed_app():
    app = create_app()
    serve = app.asgi_handler

    async def doomed(scope, receive, send):
        async def sending(message):
            die("answer")
            await send(message)

        moments.update(value.decode() for name, value in scope["headers"] if name == b"crash")
        await serve(scope, receive, sending)

    app.asgi_handler = doomed
    for engine in app.state.shop.database.engines:
        event.listen(engine.sync_engine, "commit", lambda connection: die("commit"))
    return app

main(create_doomed_app)
"""


@pytest.fixture(name="settings", params=DATABASES)
def crash_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a shop that may crash, on each database in turn."""
    if request.param == "sqlite":
        yield sqlite_settings(tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("crash")
    yield postgres_settings(server, "crash", data_dir=tmp_path)
    server.drop_database("crash")


@asynccontextmanager
async def process_of(
    settings: Settings, *program: str
) -> AsyncIterator[tuple[Program, httpx.AsyncClient]]:
    """Run a program that serves the shop until the end of the block, and yield a client of it."""
    give_schema(settings)
    port = free_port()
    log = settings.data_dir / "server.log"
    with (
        log.open("ab") as output,
        started(
            [*program, "--host", "127.0.0.1", "--port", str(port)],
            folder=settings.data_dir,
            settings=environment(settings),
            output=output,
            errors=output,
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(
                base_url=f"{url}/api/v1", headers=AUTHORIZATION, timeout=60
            ) as client:
                await answering(process, f"{url}/health/live", log)
                await let_machine_into(settings)
                yield process, client
        finally:
            process.kill()


async def answering(process: Program, url: str, log: Path) -> None:
    """Wait for the first response of a process."""
    async with asyncio.timeout(START_SECONDS), httpx.AsyncClient() as client:
        while True:
            assert process.poll() is None, log.read_text()
            try:
                assert (await client.get(url)).status_code == 200
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


def shop_process(settings: Settings) -> Any:
    """Run the shop."""
    return process_of(settings, str(ROOT / "main.py"))


@asynccontextmanager
async def restarted(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Start the shop in this process on the data after the crash, and return a client."""
    async with (
        running(with_routes_of(Shop(settings), WITH_ORDERS)) as app,
        client_of(app) as client,
    ):
        yield client


def doomed_process(settings: Settings) -> Any:
    """Run the shop that ends on a request with the header `Crash`."""
    program = settings.data_dir / "doomed.py"
    program.write_text(DOOMED, "utf-8")
    return process_of(settings, str(program))


@pytest.mark.parametrize(
    ("moment", "was_committed"), [("commit", False), ("answer", True)], ids=["before", "after"]
)
async def test_a_crash_around_the_commit_leaves_the_order_once(
    settings: Settings, moment: str, was_committed: bool
) -> None:
    headers = {"Idempotency-Key": "key-1"}
    async with doomed_process(settings) as (process, client):
        user, product = await create_user(client), await create_product(client)
        line = {"product_id": product["id"], "quantity": 3}
        data = {"user_id": user["id"], "items": [line]}
        with pytest.raises(httpx.TransportError):
            await client.post("/orders", json=data, headers=headers | {"Crash": moment})
        assert process.wait() == -signal.SIGKILL
    async with restarted(settings) as client:
        assert len(await every(client, "/orders")) == (1 if was_committed else 0)
        assert await stock_of(client, product["id"]) == (7 if was_committed else 10)
        retried = await client.post("/orders", json=data, headers=headers)
        assert retried.status_code == 201, retried.text
        assert ("Idempotency-Replayed" in retried.headers) == was_committed
        (order,) = await every(client, "/orders")
        assert retried.json()["id"] == order["id"]
        assert await movements_of(client, product["id"]) == [("supply", 10), ("sale", -3)]
        assert await stock_of(client, product["id"]) == 7


async def test_a_crash_after_the_commit_of_a_cancellation_returns_the_stock_once(
    settings: Settings,
) -> None:
    headers = {"Idempotency-Key": "key-1"}
    async with doomed_process(settings) as (process, client):
        user, product = await create_user(client), await create_product(client)
        order = await place_order(client, user["id"], {product["id"]: 3})
        path = f"/orders/{order['id']}/cancel"
        with pytest.raises(httpx.TransportError):
            await client.post(path, headers=headers | {"Crash": "answer"})
        assert process.wait() == -signal.SIGKILL
    async with restarted(settings) as client:
        retried = await client.post(path, headers=headers)
        assert (retried.status_code, retried.json()["status"]) == (200, "cancelled")
        assert retried.headers["Idempotency-Replayed"] == "true"
        moved = [("supply", 10), ("sale", -3), ("cancellation", 3)]
        assert await movements_of(client, product["id"]) == moved


async def test_orders_acknowledged_before_a_crash_exist_once_after_it(
    settings: Settings,
) -> None:
    acknowledged: list[dict[str, Any]] = []
    async with shop_process(settings) as (process, client):
        user = await create_user(client)
        products = [await create_product(client, stock_quantity=100_000) for _ in range(3)]
        ids = [product["id"] for product in products]
        buyers = [
            asyncio.create_task(buy_on(client, user["id"], ids, acknowledged)) for _ in range(16)
        ]
        while len(acknowledged) < 40:
            await asyncio.sleep(0.01)
            assert not any(buyer.done() for buyer in buyers)
        process.kill()
        await asyncio.gather(*buyers)
    async with restarted(settings) as client:
        there = {order["id"]: order for order in await every(client, "/orders")}
        for order in acknowledged:
            assert (await client.get(f"/orders/{order['id']}")).json() == order
        assert len({order["id"] for order in acknowledged}) == len(acknowledged) <= len(there)
        assert len({order["number"] for order in there.values()}) == len(there)
        await assert_conserved(client, ids)
        ordered = await place_order(client, user["id"], {ids[0]: 1})
        assert ordered["number"] > max(order["number"] for order in there.values())


async def buy_on(
    client: httpx.AsyncClient,
    user_id: str,
    product_ids: list[str],
    acknowledged: list[dict[str, Any]],
) -> None:
    """Place one order after another until the shop has ended."""
    quantities = {product_id: 2 for product_id in product_ids}
    while True:
        try:
            acknowledged.append(await place_order(client, user_id, quantities))
        except httpx.TransportError:
            return


async def test_a_request_that_loses_the_database_gets_503_with_retry_after(
    postgres_server: PostgresServer,
) -> None:
    postgres_server.create_database("lost")
    shop = Shop(postgres_settings(postgres_server, "lost"))
    async with running(with_routes_of(shop, WITH_ORDERS)) as app, client_of(app) as client:
        user, product = await create_user(client), await create_product(client)
        data = {"user_id": user["id"], "items": [{"product_id": product["id"], "quantity": 1}]}
        async with shop.database.write() as session:
            await session.execute(text("SELECT 1 FROM variants FOR UPDATE"))
            requests = [
                asyncio.create_task(client.post("/orders", json=data, headers=headers))
                for headers in ({}, {"Idempotency-Key": "key-1"})
            ]
            await terminate_waiting(shop, len(requests))
        answers = await asyncio.gather(*requests)
        assert [answer.status_code for answer in answers] == [503, 503]
        assert [answer.headers["Retry-After"] for answer in answers] == ["1", "1"]
        assert await movements_of(client, product["id"]) == [("supply", 10)]
        retried = await client.post("/orders", json=data, headers={"Idempotency-Key": "key-1"})
        assert retried.status_code == 201
    postgres_server.drop_database("lost")


async def terminate_waiting(shop: Shop, count: int) -> None:
    """Wait until a number of transactions wait for a lock, and terminate their connections."""
    waiting = "FROM pg_stat_activity WHERE datname = 'lost' AND wait_event_type = 'Lock'"
    async with shop.database.read() as session:
        while await session.scalar(text(f"SELECT count(*) {waiting}")) != count:
            await asyncio.sleep(0.01)
        await session.execute(text(f"SELECT pg_terminate_backend(pid) {waiting}"))
