"""What PostgreSQL alone makes of the writes of an order, as its own pgbench measures it."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from sqlalchemy import text

from app.settings import Settings
from app.wiring.resources import Shop
from tests.support.servers import PostgresServer
from tests.support.servers.postgres import PACKAGED_BINARIES, WHEEL, WHEEL_BINARIES
from tests.support.servers.scratch import wheel_package

_CLIENTS = (1, 2, 4, 8, 16)
_SECONDS = 5
_TPS = re.compile(r"tps = ([0-9.]+)")

# Numbers instead of ids, in the order of the ids, so that three of them are locked in that order.
_GOODS = (
    "CREATE TABLE bench_goods AS SELECT row_number() OVER (ORDER BY id) AS n, id FROM products",
    "CREATE UNIQUE INDEX ON bench_goods (n)",
    "CREATE TABLE bench_users AS SELECT row_number() OVER (ORDER BY id) AS n, id FROM users",
    "CREATE UNIQUE INDEX ON bench_users (n)",
    "ANALYZE",
)
_TAKE = "UPDATE products SET stock_quantity = stock_quantity - 2, updated_at = now() WHERE id = "
_SCRIPT = f"""
\\set a random(1, :goods / 3)
\\set b random(:goods / 3 + 1, :goods * 2 / 3)
\\set c random(:goods * 2 / 3 + 1, :goods)
\\set u random(1, :users)
BEGIN;
SELECT gen_random_uuid() AS o, nextval('order_numbers') AS number \\gset
SELECT id AS buyer FROM bench_users WHERE n = :u \\gset
INSERT INTO inbox (queue, message_id, body_digest, received_at)
  VALUES ('order', :o, decode(repeat('ab', 32), 'hex'), now()) ON CONFLICT DO NOTHING;
SELECT is_active FROM users WHERE id = :buyer::uuid;
SELECT p.id, p.sku, p.name, p.price_minor, p.stock_quantity, p.is_active
  FROM products p JOIN bench_goods g USING (id) WHERE g.n IN (:a, :b, :c)
  ORDER BY p.id FOR UPDATE OF p;
{_TAKE} (SELECT id FROM bench_goods WHERE n = :a);
{_TAKE} (SELECT id FROM bench_goods WHERE n = :b);
{_TAKE} (SELECT id FROM bench_goods WHERE n = :c);
INSERT INTO orders (id, number, user_id, status, units, total_minor, currency, created_at,
    updated_at, version)
  VALUES (:o::uuid, :number, :buyer::uuid, 'pending', 6, 1200, 'USD', now(), now(), 1);
INSERT INTO order_items (order_id, position, product_id, sku, name, unit_price_minor, quantity)
  SELECT :o::uuid, row_number() OVER (), p.id, p.sku, p.name, p.price_minor, 2
  FROM products p JOIN bench_goods g USING (id) WHERE g.n IN (:a, :b, :c);
INSERT INTO order_changes (order_id, position, to_status, actor, changed_at)
  VALUES (:o::uuid, 1, 'pending', 'queue order', now());
INSERT INTO stock_movements (id, product_id, quantity, reason, source, created_at)
  SELECT gen_random_uuid(), id, -2, 'sale', 'order ' || :o, now()
  FROM bench_goods WHERE n IN (:a, :b, :c);
INSERT INTO outbox (exchange, routing_key, message_id, subject, body, headers, attempts,
    created_at, due_at)
  VALUES ('shop.events', 'order.placed', :o, :o, decode(repeat('ab', 1200), 'hex'), '{{}}', 0,
    now(), now());
SELECT pg_notify('outbox', '');
COMMIT;
"""


async def measure_all(server: PostgresServer, settings: Settings) -> dict[int, float]:
    """Return the orders a second by number of concurrent clients, if pgbench is installed.

    The shop of the settings is filled, and cannot be used afterwards.
    """
    program = _find_pgbench()
    if program is None:
        Console().print("pgbench is not there: PostgreSQL alone is not measured")
        return {}
    shop = Shop(settings)
    try:
        counts = await _prepare(shop)
    finally:
        await shop.close()
    return {
        clients: _measure(program, server, settings.postgres_db, counts, clients)
        for clients in _CLIENTS
    }


def _find_pgbench() -> Path | None:
    """Return the program, where there is one."""
    places = sorted(Path("/").glob(f"{PACKAGED_BINARIES}/pgbench"), reverse=True)
    if on_path := shutil.which("pgbench"):
        places.append(Path(on_path))
    if (package := wheel_package(WHEEL)) is not None:
        places.append(package / WHEEL_BINARIES / "pgbench")
    return next((place for place in places if place.is_file()), None)


async def _prepare(shop: Shop) -> dict[str, int]:
    """Have pgbench find products and users by numbers; return how many there are."""
    async with shop.database.write() as session:
        for statement in _GOODS:
            await session.execute(text(statement))
        return {
            name: int(await session.scalar(text(f"SELECT count(*) FROM bench_{name}")) or 0)
            for name in ("goods", "users")
        }


def _measure(
    program: Path, server: PostgresServer, database: str, counts: Mapping[str, int], clients: int
) -> float:
    """Return the orders a second of some concurrent clients, each order in a transaction."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_SCRIPT)
        script.flush()
        command = [str(program), "--no-vacuum", "--protocol=prepared", f"--file={script.name}"]
        command += [f"--define={name}={count}" for name, count in counts.items()]
        command += [f"--client={clients}", f"--time={_SECONDS}", f"--host={server.host}"]
        command += [f"--port={server.port}", f"--username={server.user}", database]
        done = subprocess.run(
            command,
            env=os.environ | {"PGPASSWORD": server.password},
            capture_output=True,
            text=True,
            check=False,
        )
    found = _TPS.search(done.stdout)
    if done.returncode or found is None:
        raise SystemExit(f"error: pgbench: {done.stderr}")
    return float(found[1])
