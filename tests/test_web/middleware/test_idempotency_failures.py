"""A transaction that fails stores neither its effect nor its response."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.wiring.resources import Shop
from tests.support.ledger import every, movements_of, stock_of
from tests.test_web.middleware.repetitions import basket, is_replayed, kept, post

# A constraint that is violated at once, or only when the transaction commits.
AT_ONCE, AT_COMMIT = "", "DEFERRABLE INITIALLY DEFERRED"
FAILURES = {
    "an order cannot be added": ("orders", AT_ONCE),
    "an order cannot be committed": ("orders", AT_COMMIT),
    "an answer cannot be kept": ("idempotency_keys", AT_ONCE),
    "an answer cannot be committed": ("idempotency_keys", AT_COMMIT),
}


@asynccontextmanager
async def failing(shop: Shop, table: str, when: str) -> AsyncIterator[None]:
    """Make every transaction that adds to a table fail."""
    owing = "INSERT INTO debts VALUES (1, 2)"
    await execute(
        shop, f"CREATE TABLE debts (id INT PRIMARY KEY, owed INT REFERENCES debts {when})"
    )
    if shop.database.is_sqlite:
        await execute(shop, f"CREATE TRIGGER owing AFTER INSERT ON {table} BEGIN {owing}; END")
    else:
        body = f"LANGUAGE plpgsql AS 'BEGIN {owing}; RETURN NEW; END'"
        await execute(shop, f"CREATE FUNCTION owe() RETURNS trigger {body}")
        await execute(shop, f"CREATE TRIGGER owing AFTER INSERT ON {table} EXECUTE FUNCTION owe()")
    try:
        yield
    finally:
        if shop.database.is_sqlite:
            await execute(shop, "DROP TRIGGER owing")
        else:
            await execute(shop, "DROP FUNCTION owe CASCADE")
        await execute(shop, "DROP TABLE debts")


async def execute(shop: Shop, statement: str) -> None:
    """Run a statement and commit it."""
    async with shop.database.write() as session:
        await session.execute(text(statement))


@pytest.mark.parametrize(("table", "when"), FAILURES.values(), ids=FAILURES)
async def test_a_transaction_that_fails_leaves_neither_order_nor_key(
    client: httpx.AsyncClient, shop: Shop, table: str, when: str
) -> None:
    data = await basket(client)
    async with failing(shop, table, when):
        failed = [await post(client, "/orders", data) for _ in range(2)]
    for each in failed:
        assert each.status_code == 500
        assert each.headers["Content-Type"] == "application/problem+json"
        assert not is_replayed(each)
    await assert_nothing_is_ordered(client, data)
    assert await kept(shop) == []
    mended = await post(client, "/orders", data)
    assert (mended.status_code, is_replayed(mended)) == (201, False)


@pytest.mark.parametrize("when", [AT_ONCE, AT_COMMIT], ids=["at once", "at commit"])
async def test_a_failed_order_without_a_key_is_an_error_too(
    client: httpx.AsyncClient, shop: Shop, when: str
) -> None:
    data = await basket(client)
    async with failing(shop, "orders", when):
        failed = await client.post("/orders", json=data)
    assert failed.status_code == 500
    assert failed.headers["Content-Type"] == "application/problem+json"
    await assert_nothing_is_ordered(client, data)
    assert (await client.post("/orders", json=data)).status_code == 201


async def assert_nothing_is_ordered(client: httpx.AsyncClient, data: dict[str, Any]) -> None:
    """Check that the shop is unchanged."""
    product_id = data["items"][0]["product_id"]
    assert await every(client, "/orders") == []
    assert await movements_of(client, product_id) == [("supply", 10)]
    assert await stock_of(client, product_id) == 10
