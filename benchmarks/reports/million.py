"""Makes the reports of days with a million order lines, and prints the memory that they took.

`--orders 1000000` puts each line into a separate order, which is the most lines and messages that a
report can have; `--postgres` starts a server instead of using SQLite.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.settings import Settings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from benchmarks.support.servers import environment
from tests.conftest import postgres_settings
from tests.support.servers import start_postgres

LIMIT_MB = 200
_DAY = date(2017, 6, 1)
_LINES = 1_000_000
PRODUCTS = 50_000
# No statement may take longer than the shop's own.
_AT_ONCE = 200_000
_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS "
    "(SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) ",
    "postgresql": "WITH n AS (SELECT generate_series({first}, {last}) AS i) ",
}
_IDS = {
    "sqlite": "printf('%s%030x', '{kind}', {of})",
    "postgresql": "(('{kind}' || lpad(to_hex({of}), 30, '0'))::uuid)",
}
_TIMES = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', 1496275200 + {of} % 86400, 'unixepoch') || '.000000'",
    "postgresql": "to_timestamp(1496275200 + {of} % 86400)",
}
_USER = (
    "INSERT INTO users (id, email, email_key, username, username_key, first_name, last_name, role, "
    "is_active, created_at, updated_at, version) {numbers} SELECT {user}, 'a@b.cd', 'a@b.cd', "
    "'ada', 'ada', 'Ada', 'Lovelace', 'customer', {true}, {now}, {now}, 1 FROM n"
)
_PRODUCT = (
    "INSERT INTO products (id, sku, name, description, category, option_names, price_minor, "
    "availability, variants_count, currency, is_active, search_text, created_at, updated_at, "
    "version) {numbers} SELECT {product}, 'SKU-' || i, 'Product No. ' || i, '', 'Tea', '[]', 499, "
    "'out_of_stock', 1, 'USD', {true}, 'tea', {now}, {now}, 1 FROM n"
)
_VARIANT = (
    "INSERT INTO variants (id, product_id, sku, price_minor, stock_quantity, is_active, "
    "created_at, updated_at, version) {numbers} SELECT {product}, {product}, 'SKU-' || i, 499, 0, "
    "{true}, {now}, {now}, 1 FROM n"
)
_ORDER = (
    "INSERT INTO orders (id, number, user_id, status, units, total_minor, currency, created_at, "
    "updated_at, version) {numbers} SELECT {order}, i, {one}, 'delivered', {each}, {each} * 499, "
    "'USD', {at}, {at}, 1 FROM n"
)
_ITEM = (
    "INSERT INTO order_items (order_id, position, variant_id, sku, name, unit_price_minor, "
    "quantity) {numbers} SELECT {its_order}, i / {orders} + 1, {its_product}, 'SKU', 'Product', "
    "499, 1 FROM n"
)
_MOVEMENT = (
    "INSERT INTO stock_movements (id, variant_id, quantity, reason, source, created_at) {numbers} "
    "SELECT {movement}, {its_product}, -1, 'sale', 'order', {its_at} FROM n"
)


def _words(kind: str, orders: int) -> dict[str, str]:
    """Return the values for the placeholders of the statements on one of the databases."""
    its_order, its_product = f"(i % {orders})", f"(i % {PRODUCTS} + 1)"
    words = {
        "true": "true",
        "now": _TIMES[kind].format(of="0"),
        "at": _TIMES[kind].format(of="i"),
        "its_at": _TIMES[kind].format(of=its_order),
        "each": str(_LINES // orders),
        "orders": str(orders),
        "one": _IDS[kind].format(kind="aa", of="1"),
    }
    for name, tag, of in (
        ("user", "aa", "i"),
        ("product", "bb", "i"),
        ("order", "cc", f"i % {orders}"),
        ("movement", "dd", "i"),
        ("its_order", "cc", its_order),
        ("its_product", "bb", its_product),
    ):
        words[name] = _IDS[kind].format(kind=tag, of=of)
    return words


async def fill(settings: Settings, orders: int) -> None:
    """Fill a shop with a day of a million lines."""
    shop = Shop(settings)
    kind = "sqlite" if shop.database.is_sqlite else "postgresql"
    await prepare(shop)
    words = _words(kind, orders)
    steps = (
        (_USER, 1),
        (_PRODUCT, PRODUCTS),
        (_VARIANT, PRODUCTS),
        (_ORDER, orders),
        (_ITEM, _LINES),
    )
    async with shop.database.write() as session:
        if kind == "postgresql":
            await session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement, count in (*steps, (_MOVEMENT, _LINES)):
            for first in range(1, count + 1, _AT_ONCE):
                last = min(first + _AT_ONCE - 1, count)
                numbers = _NUMBERS[kind].format(first=first, last=last)
                filled = statement.format(numbers=numbers, **words)
                await (await session.connection()).exec_driver_sql(filled)
    await shop.close()


def report(settings: Settings) -> float:
    """Make the report in a separate process; return its peak memory in MB."""
    before = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", "report", _DAY.isoformat()],
        env=environment(settings),
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, peak_mb = time.perf_counter() - before, usage.ru_maxrss / 1024
    print(f"{seconds:.1f} s, {peak_mb:.0f} MB at most, exit code {process.returncode}", flush=True)
    return peak_mb if process.returncode == 0 else float("inf")


def main() -> None:
    """Measure; exit with 1 if the report took too much memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="orders (%(default)s)")
    parser.add_argument("--postgres", action="store_true", help="on a new PostgreSQL")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # Messages are written, too, although no process sends them here.
        others: dict[str, Any] = {"data_dir": folder, "rabbitmq_host": "127.0.0.1"}
        settings = Settings(_env_file=None, db_host=None, **others)
        if arguments.postgres:
            server = stack.enter_context(start_postgres())
            server.create_database("million")
            settings = postgres_settings(server, "million", **others)
        before = time.perf_counter()
        asyncio.run(fill(settings, arguments.orders))
        print(
            f"{arguments.orders} orders with {_LINES} lines in {time.perf_counter() - before:.1f} s"
        )
        is_within = report(settings) <= LIMIT_MB
    sys.exit(0 if is_within else 1)


if __name__ == "__main__":
    main()
