"""The references of orders write the rows of the shop, and rates are computed correctly."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.wiring.resources import Shop
from benchmarks.cases.bench import Bench
from benchmarks.cases.queue import Look, reading_of
from benchmarks.support import pgbench, sqlite_orders
from tests.support.factories import create_product, create_user
from tests.support.tables import everything

_LINES = 3


async def _rows(shop: Shop) -> Counter[str]:
    return Counter({name: len(rows) for name, rows in (await everything(shop)).items()})


async def _place(client: httpx.AsyncClient, shop: Shop) -> tuple[str, list[str], Counter[str]]:
    """Place an order with a key; return its user, its products, and the rows that it added."""
    user = await create_user(client)
    items = [
        {"product_id": (await create_product(client))["id"], "quantity": 2} for _ in range(_LINES)
    ]
    before = await _rows(shop)
    body = {"user_id": user["id"], "items": items}
    placed = await client.post("/orders", json=body, headers={"Idempotency-Key": "once"})
    assert placed.status_code == 201
    return user["id"], [str(each["product_id"]) for each in items], await _rows(shop) - before


@pytest.mark.any_database
async def test_the_reference_on_sqlite_adds_the_rows_of_an_order(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    user, products, added = await _place(client, shop)
    with (
        closing(sqlite3.connect(str(shop.settings.data_file))) as database,
        closing(sqlite3.connect(tmp_path / "copy.db", isolation_level=None)) as copy,
    ):
        database.backup(copy)
        before = _counts(copy, added)
        ids = [each.replace("-", "") for each in products]
        sqlite_orders.write_order(copy, 2, user.replace("-", ""), ids, is_keyed=True)
        assert _counts(copy, added) - before == added
        assert copy.execute("SELECT sum(stock_quantity) FROM variants").fetchone() == (
            _LINES * (10 - 2 - 2),
        )


def _counts(database: sqlite3.Connection, names: Iterable[str]) -> Counter[str]:
    return Counter(
        {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}
    )


async def test_the_references_insert_into_the_tables_of_an_order(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    _, _, added = await _place(client, shop)
    program = Path(sqlite_orders.__file__).read_text("utf-8")
    script = program if shop.database.is_sqlite else pgbench.OF_KEY
    # `everything` omits this table, because the shop soon deletes its rows.
    assert _inserted(script) - {"cache_drops"} == added.keys()
    assert _inserted(pgbench.OF_KEY) - _inserted(pgbench.OF_REQUEST) == {"idempotency_keys"}
    assert _inserted(pgbench.OF_MESSAGE) - _inserted(pgbench.OF_REQUEST) == {"inbox", "outbox"}


def _inserted(sql: str) -> set[str]:
    return set(re.findall(r"INSERT INTO ([a-z_]+)", sql))


def test_the_rate_of_a_worker_is_that_of_the_middle_eight_tenths() -> None:
    orders = [0, 0, 1, 10, 50, 90, 100]
    looks = [Look(float(second), count, second / 2) for second, count in enumerate(orders)]
    reading = reading_of(looks)
    assert reading.value == 80 / 2
    assert reading.details == {"whole_per_second": 99 / 4, "cpu_us": pytest.approx(2 / 99 * 1e6)}


def test_each_repetition_reads_products_that_no_other_has_read() -> None:
    with Bench(seconds=1, times=3, is_quick=True) as bench:
        slices = [bench.unseen() for _ in range(3)]
    assert len(set().union(*slices)) == sum(map(len, slices)) > 0.99 * bench.unseen_count
