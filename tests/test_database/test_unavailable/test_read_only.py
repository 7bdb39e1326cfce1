"""A read-only PostgreSQL is an outage, from which the shop recovers by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from app.messaging.pipeline import Pipeline
from app.models import Product
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.processes import ROOT, free_port, run
from tests.support.servers import PostgresServer
from tests.test_database.test_unavailable.conftest import DATABASE
from tests.test_database.test_unavailable.test_locks import READY, assert_unavailable
from tests.test_messaging.deliveries import PRODUCT, letters_of, message, rows_of


@asynccontextmanager
async def read_only(server: PostgresServer, *, is_ending_sessions: bool) -> AsyncIterator[None]:
    """Make new sessions read-only, like a managed server with a full disk."""
    await execute(server, f"ALTER DATABASE {DATABASE} SET default_transaction_read_only = on")
    if is_ending_sessions:
        await end_sessions(server)
    yield
    await execute(server, f"ALTER DATABASE {DATABASE} RESET default_transaction_read_only")


async def end_sessions(server: PostgresServer) -> None:
    """End the sessions of the shop, which opens new ones."""
    await execute(
        server,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{DATABASE}'",
    )
    # The event loop of the shop notices the end of the connections.
    await asyncio.sleep(0.2)


async def execute(server: PostgresServer, statement: str) -> None:
    """Execute a statement on another database of the server."""
    connection = await asyncpg.connect(server.url(server.maintenance_database))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_changes_are_refused_temporarily_and_reads_are_served(
    client: httpx.AsyncClient, shop: Shop, postgres_server: PostgresServer
) -> None:
    product = await create_product(client)
    data = {"sku": "A", "name": "A", "category": "A", "price": "1"}
    async with read_only(postgres_server, is_ending_sessions=True):
        for key in ({}, {"Idempotency-Key": "once"}):
            refused = await client.post("/products", json=data, headers=key)
            assert_unavailable(refused)
            assert refused.json()["detail"] == "the database is read-only, try again"
        assert_unavailable(await client.patch(f"/products/{product['id']}", json={"name": "B"}))
        assert (await client.get(f"/products/{product['id']}")).json()["name"] == product["name"]
        ready = await client.get(READY)
        assert (ready.status_code, ready.json()["dependencies"]["database"]["status"]) == (
            503,
            "down",
        )
    # The sessions of the shop are still read-only, until each has been found so.
    assert (await client.get(READY)).status_code == 200
    first = await client.post("/products", json=data, headers={"Idempotency-Key": "once"})
    again = await client.post("/products", json=data, headers={"Idempotency-Key": "once"})
    assert {first.status_code, again.status_code} <= {201, 503}
    assert again.status_code == 201
    assert len(await rows_of(shop, Product)) == 2


async def test_messages_are_held_until_the_database_can_be_changed(
    client: httpx.AsyncClient, shop: Shop, postgres_server: PostgresServer
) -> None:
    await create_product(client)
    async with read_only(postgres_server, is_ending_sessions=True):
        waiting = asyncio.create_task(Pipeline(shop).process([message("product", PRODUCT)]))
        await asyncio.sleep(1)
        assert not waiting.done()
    await waiting
    assert await letters_of(shop) == []
    assert [each.sku for each in await rows_of(shop, Product)][-1] == PRODUCT["sku"]


async def test_a_start_waits_or_ends_with_the_reason(
    shop: Shop, postgres_server: PostgresServer
) -> None:
    async with read_only(postgres_server, is_ending_sessions=False):
        done = run(shop.settings, ROOT, "-m", "app.cli.main", "migrate", "--wait", "1")
        assert done.returncode == 2
        assert "waiting for postgresql+asyncpg://" in done.stdout
        assert done.stderr.endswith("the database is read-only\n")
        done = run(shop.settings, ROOT, "main.py", "--port", str(free_port()))
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("error: postgresql+asyncpg://")
        assert "cannot execute" in done.stderr.splitlines()[-1]
    done = run(shop.settings, ROOT, "-m", "app.cli.main", "migrate", "--wait", "1")
    assert (done.returncode, "up to date" in done.stdout) == (0, True)


@pytest.mark.parametrize("is_reader_first", [False, True])
async def test_connections_to_a_server_that_was_replaced_are_replaced(
    client: httpx.AsyncClient, postgres_server: PostgresServer, is_reader_first: bool
) -> None:
    product = await create_product(client)
    async with read_only(postgres_server, is_ending_sessions=True):
        if is_reader_first:
            await client.get(f"/products/{product['id']}")
        changes = [
            client.patch(f"/products/{product['id']}", json={"name": f"Tea {number}"})
            for number in range(8)
        ]
        for response in await asyncio.gather(*changes):
            assert_unavailable(response)
    answers = [
        await client.patch(f"/products/{product['id']}", json={"name": f"Tea {number}"})
        for number in range(3)
    ]
    assert [each.status_code for each in answers][1:] == [200, 200]
