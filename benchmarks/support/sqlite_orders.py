"""Writes orders to a SQLite file in one thread, each in a transaction that is synced to disk.

It prints the number of orders a second. The file is a filled shop, and is no shop afterwards.
"""

import random
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

_LINES = 3
_ANSWER = b"\xab" * 1_000
_CLAIM = """INSERT INTO idempotency_keys
    (caller, key, fingerprint, status, headers, body, expires_at)
    VALUES ('api-key', ?, ?, 201, '{}', ?, ?)"""
_TAKE = "UPDATE variants SET stock_quantity = stock_quantity - 2, updated_at = ? WHERE id = ?"
_ORDER = """INSERT INTO orders
    (id, number, user_id, status, units, total_minor, currency, created_at, updated_at, version)
    VALUES (?, ?, ?, 'pending', 6, 1200, 'USD', ?, ?, 1)"""
_ITEM = """INSERT INTO order_items
    (order_id, position, variant_id, sku, name, unit_price_minor, quantity)
    SELECT ?, ?, v.id, v.sku, name, v.price_minor, 2
    FROM variants v JOIN products p ON p.id = v.product_id WHERE v.id = ?"""
_CHANGE = """INSERT INTO order_changes (order_id, position, to_status, actor, changed_at)
    VALUES (?, 1, 'pending', 'api-key', ?)"""
_MOVEMENT = """INSERT INTO stock_movements (id, variant_id, quantity, reason, source, created_at)
    VALUES (?, ?, -2, 'sale', ?, ?)"""


def write_order(
    database: sqlite3.Connection, number: int, user: str, products: list[str], *, is_keyed: bool
) -> None:
    """Write the rows of an order with its key, in one transaction."""
    order, now = uuid4().hex, datetime.now(UTC).isoformat(" ")
    database.execute("BEGIN IMMEDIATE")
    if is_keyed:
        database.execute(_CLAIM, (order, b"\xab" * 32, _ANSWER, now))
    database.execute("SELECT is_active FROM users WHERE id = ?", (user,)).fetchone()
    database.executemany(_TAKE, [(now, each) for each in products])
    database.execute(_ORDER, (order, number, user, now, now))
    items = [(order, position, each) for position, each in enumerate(products, start=1)]
    database.executemany(_ITEM, items)
    database.execute(_CHANGE, (order, now))
    movements = [(uuid4().hex, each, f"order {order}", now) for each in products]
    database.executemany(_MOVEMENT, movements)
    database.execute("COMMIT")


def main() -> None:
    """Write for some seconds, and print the rate."""
    _, path, seconds, keyed = sys.argv
    chance = random.Random(1)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL").close()
        database.execute("PRAGMA synchronous = FULL").close()
        database.execute("PRAGMA foreign_keys = ON").close()
        users = [row[0] for row in database.execute("SELECT id FROM users")]
        products = [row[0] for row in database.execute("SELECT id FROM products ORDER BY id")]
        number = database.execute("SELECT coalesce(max(number), 0) FROM orders").fetchone()[0]
        first, start = number, time.perf_counter()
        while (spent := time.perf_counter() - start) < float(seconds):
            number += 1
            wanted = sorted(chance.sample(products, _LINES))
            write_order(database, number, chance.choice(users), wanted, is_keyed=keyed == "keyed")
    print((number - first) / spent)


if __name__ == "__main__":
    main()
