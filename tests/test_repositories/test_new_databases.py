"""Statements in a PostgreSQL database that has no statistics of its rows yet."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest_asyncio
from sqlalchemy import text

from app.database.migrate import analyze
from app.jobs.file_import import import_files
from app.repositories.catalogue.stock_repository import StockRepository
from app.services.data.import_outcome import ImportOptions
from app.wiring.resources import Shop
from tests.conftest import postgres_settings
from tests.support.factories import add_products, product_row
from tests.support.queries import plan_of, statements_of
from tests.support.servers import PostgresServer
from tests.support.servers.sqlite import prepared
from tests.test_jobs.test_file_import import TEA, write

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PRODUCTS = 400
LOCKED = 50
_READ = re.compile(r"actual time=\S+ rows=(\d+) loops=(\d+)")
_REMOVED = re.compile(r"Rows Removed by .*: (\d+)")


@pytest_asyncio.fixture(name="fresh", loop_scope="session")
async def shop_of_its_own(postgres_server: PostgresServer) -> AsyncIterator[Shop]:
    """A shop with many products whose database was never analyzed."""
    postgres_server.create_database("fresh")
    shop = await prepared(postgres_settings(postgres_server, "fresh"))
    rows = [product_row(f"sku-{n}", f"Tea {n}", "Teas", n, NOW) for n in range(PRODUCTS)]
    async with shop.database.write() as session:
        await add_products(session, rows)
    yield shop
    await shop.close()
    postgres_server.drop_database("fresh")


async def known_rows(shop: Shop, table: str) -> float:
    """Return how many rows PostgreSQL believes to be in a table; -1 if it has never looked."""
    async with shop.database.read() as session:
        of_table = text("SELECT reltuples FROM pg_class WHERE relname = :table")
        return float(await session.scalar(of_table, {"table": table}) or 0)


async def test_to_lock_variants_reads_each_product_once(fresh: Shop) -> None:
    async with fresh.database.write() as session:
        ids = [*await session.scalars(text(f"SELECT id FROM variants LIMIT {LOCKED}"))]
    with statements_of(fresh) as statements:
        async with fresh.database.write() as session:
            assert set(await StockRepository(session).lock_all(ids)) == set(ids)
    assert await known_rows(fresh, "products") == -1
    plan = await plan_of(fresh, statements[-1], is_executed=True)
    read = [int(rows) * int(loops) for rows, loops in _READ.findall(plan)]
    assert LOCKED <= max(read + [int(each) for each in _REMOVED.findall(plan)]) <= PRODUCTS


async def test_an_import_ends_with_the_statistics_of_all_tables_with_rows(
    fresh: Shop, tmp_path: Path
) -> None:
    file = write(tmp_path, "products", [TEA])
    with patch("app.jobs.file_import.analyze", analyze):
        await import_files(fresh, [file], options=ImportOptions(is_check=True))
        assert await known_rows(fresh, "products") == -1
        await import_files(fresh, [file])
    assert await known_rows(fresh, "products") == PRODUCTS + 1
    assert await known_rows(fresh, "variants") == PRODUCTS + 1
    # Otherwise, plans that read an empty table completely would be kept while it grows.
    assert await known_rows(fresh, "orders") == -1
