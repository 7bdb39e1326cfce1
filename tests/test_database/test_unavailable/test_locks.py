"""Rows and tables that are locked by other programs delay only their own requests, briefly."""

import asyncio
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from app.database.migrate import migrate
from app.messaging.pipeline import Pipeline
from app.models import InboxMessage, SuspectMessage
from app.wiring.resources import Shop
from tests.conftest import postgres_settings
from tests.support.factories import create_product, create_user, place_order
from tests.support.servers import PostgresServer
from tests.support.servers.postgres import BARE
from tests.test_database.schema_steps import downgrade
from tests.test_database.test_unavailable.conftest import DATABASE
from tests.test_messaging.deliveries import letters_of, message, order, postponed_in, rows_of

READY = "http://shop.test/health/ready"
LONGEST_SECONDS = 5


async def connect(server: PostgresServer, database: str = DATABASE) -> Any:
    """Open a connection that does not belong to the shop."""
    return await asyncpg.connect(server.url(database))


def row_of(product: dict[str, Any]) -> str:
    """Return the statement that locks a product."""
    return f"SELECT 1 FROM variants WHERE id = '{product['id']}' FOR UPDATE"


async def timed(sending: Any) -> tuple[httpx.Response, float]:
    """Return a response and its duration in seconds."""
    began = time.monotonic()
    response: httpx.Response = await sending
    return response, time.monotonic() - began


def assert_unavailable(response: httpx.Response) -> None:
    """Assert that a request was refused for some time."""
    assert (response.status_code, response.json()["type"]) == (503, "urn:problem:unavailable")
    assert response.headers["Retry-After"] == "1"


async def test_a_locked_row_is_awaited_briefly_and_other_requests_are_served(
    client: httpx.AsyncClient, postgres_server: PostgresServer
) -> None:
    user, product, other = [
        await create_user(client),
        await create_product(client, stock_quantity=100),
        await create_product(client, stock_quantity=100),
    ]
    async with postgres_server.holding(DATABASE, row_of(product)):
        # More requests than connections.
        waiting = [
            asyncio.create_task(timed(client.post("/orders", json=order(user, product))))
            for _ in range(12)
        ]
        await asyncio.sleep(0.3)
        read, seconds = await timed(client.get(f"/products/{product['id']}"))
        assert (read.status_code, seconds < 1) == (200, True)
        ready, seconds = await timed(client.get(READY))
        assert (ready.status_code, seconds < 1) == (200, True)
        _, seconds = await timed(client.post("/orders", json=order(user, other)))
        assert seconds < LONGEST_SECONDS
        for response, seconds in await asyncio.gather(*waiting):
            assert_unavailable(response)
            assert seconds < LONGEST_SECONDS
        # From now on, the shop knows that a row is locked.
        for wanted, status in ((other, 201), (product, 503), (other, 201)):
            response, seconds = await timed(client.post("/orders", json=order(user, wanted)))
            assert (response.status_code, seconds < LONGEST_SECONDS) == (status, True)
    placed = await client.post("/orders", json=order(user, product))
    assert placed.status_code == 201
    left = (await client.get(f"/products/{product['id']}")).json()["stock_quantity"]
    assert left == 99


async def test_while_a_row_is_locked_most_orders_for_it_are_refused_at_once(
    client: httpx.AsyncClient, postgres_server: PostgresServer
) -> None:
    user, product = await create_user(client), await create_product(client)
    async with postgres_server.holding(DATABASE, row_of(product)):
        refused = await client.post("/orders", json=order(user, product))
        assert_unavailable(refused)
        assert refused.json()["detail"] == "something that this needs is locked, try again"
        answers = await asyncio.gather(
            *(timed(client.post("/orders", json=order(user, product))) for _ in range(4))
        )
        for response, _ in answers:
            assert_unavailable(response)
        seconds = sorted(seconds for _, seconds in answers)
        # One of them waits for the full time, to find out whether the row is still locked.
        assert seconds[2] < 1 < seconds[3]
    assert (await client.post("/orders", json=order(user, product))).status_code == 201


async def test_a_locked_table_does_not_block_other_tables(
    client: httpx.AsyncClient, postgres_server: PostgresServer
) -> None:
    user, product = await create_user(client), await create_product(client)
    placed = await place_order(client, user["id"], {product["id"]: 1})
    async with postgres_server.holding(DATABASE, "LOCK TABLE products"):
        waiting = [
            asyncio.create_task(timed(client.get(path)))
            for path in ("/products", f"/products/{product['id']}", "/products?sort=name")
        ]
        await asyncio.sleep(0.3)
        shown, seconds = await timed(client.get(f"/orders/{placed['id']}"))
        assert (shown.status_code, seconds < 1) == (200, True)
        for response, seconds in await asyncio.gather(*waiting):
            assert_unavailable(response)
            assert seconds < LONGEST_SECONDS
    assert (await client.get("/products")).status_code == 200


async def test_readiness_needs_no_connection_of_the_pools(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    async with AsyncExitStack() as stack:
        database = shop.database
        hasty = partial(database.write, is_hasty=True)
        for opened in [database.read] * 4 + [database.write] * 5 + [hasty]:
            session = await stack.enter_async_context(opened())
            await session.execute(text("SELECT 1"))
        assert database.connections_in_use == database.connections_at_most == 10
        ready, seconds = await timed(client.get(READY))
        assert (ready.status_code, seconds < 1) == (200, True)


async def test_a_message_that_needs_a_locked_row_is_applied_after_its_release(
    client: httpx.AsyncClient, shop: Shop, postgres_server: PostgresServer
) -> None:
    user, product = await create_user(client), await create_product(client)
    suspect = message("order", order(user, product), is_redelivered=True)
    waiting = []
    async with postgres_server.holding(DATABASE, row_of(product)):
        for each in (message("order", order(user, product)), suspect):
            waiting.append(asyncio.create_task(Pipeline(shop).process([each])))
        await asyncio.sleep(3)
        assert not any(each.done() for each in waiting)
    await asyncio.gather(*waiting)
    assert await letters_of(shop) == []
    assert [each.routing_key for each in await postponed_in(shop) if not each.exchange] == []
    assert await rows_of(shop, SuspectMessage) == []
    assert len(await rows_of(shop, InboxMessage)) == 2
    left = (await client.get(f"/products/{product['id']}")).json()["stock_quantity"]
    assert left == 8


async def test_a_migration_waits_for_a_table_in_use_and_lets_others_read(
    postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    postgres_server.create_database("busy", template=BARE)
    shop = Shop(postgres_settings(postgres_server, "busy"))
    await migrate(shop.database)
    await downgrade(shop.database, "-1")
    other = await connect(postgres_server, "busy")
    async with other.transaction():
        for table in ("products", "orders", "users", "alembic_version"):
            await other.execute(f"LOCK TABLE {table} IN SHARE MODE")
        waiting = asyncio.create_task(migrate(shop.database))
        while "tried again" not in caplog.text:
            await asyncio.sleep(0.1)
        assert not waiting.done()
        reader = await connect(postgres_server, "busy")
        await reader.execute("SET lock_timeout = '3s'")
        assert await reader.fetchval("SELECT count(*) FROM products") == 0
        await reader.close()
    assert await waiting
    await other.close()
    await shop.close()
    postgres_server.drop_database("busy")


async def test_a_shop_works_with_its_connections_when_the_server_accepts_no_more(
    client: httpx.AsyncClient, postgres_server: PostgresServer
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=100)
    await asyncio.gather(*(client.get(f"/products?limit={number}") for number in range(1, 9)))
    await asyncio.gather(
        *(client.post("/orders", json=order(user, product)) for _ in range(8)),
    )
    async with AsyncExitStack() as stack:
        first = await take_all(postgres_server, stack)
        # Other shops may have connections to the same server.
        of_shop = f"application_name = 'lavka' AND datname = '{DATABASE}'"
        # The oldest that reads, and the oldest that writes, are left; others cannot be replaced.
        await first.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid NOT IN ("
            f" SELECT min(pid) FROM pg_stat_activity WHERE {of_shop}"
            " AND query NOT LIKE '%transaction_read_only%' GROUP BY left(query, 6))"
            f" AND {of_shop}"
        )
        await take_all(postgres_server, stack)
        answers = await asyncio.gather(
            *(client.post("/orders", json=order(user, product)) for _ in range(8)),
            *(client.get(f"/products/{product['id']}") for _ in range(8)),
            client.get(READY),
        )
        assert {each.status_code for each in answers} == {200, 201}
    assert (await client.post("/orders", json=order(user, product))).status_code == 201


async def take_all(server: PostgresServer, stack: AsyncExitStack) -> Any:
    """Open connections until the server accepts no more; return the first one."""
    opened = []
    while True:
        try:
            opened.append(await connect(server))
        except asyncpg.TooManyConnectionsError:
            return opened[0]
        stack.push_async_callback(opened[-1].close)
