"""Measures PostgreSQL alone with the statements of a shop, by its tool pgbench."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.support.reading import NotMeasured
from tests.support.servers import PostgresServer
from tests.support.servers.postgres import PACKAGED_BINARIES, WHEEL, WHEEL_BINARIES
from tests.support.servers.scratch import wheel_package

_TPS = re.compile(r"tps = ([0-9.]+)")

# Numbers replace ids, in the order of the ids, so that three rows are locked in that order.
_GOODS = (
    "CREATE TABLE bench_goods AS SELECT row_number() OVER (ORDER BY id) AS n, id FROM products",
    "CREATE UNIQUE INDEX ON bench_goods (n)",
    "CREATE TABLE bench_users AS SELECT row_number() OVER (ORDER BY id) AS n, id FROM users",
    "CREATE UNIQUE INDEX ON bench_users (n)",
    "ANALYZE",
)
_CLAIM_OF_MESSAGE = """
INSERT INTO inbox (queue, message_id, body_digest, received_at)
  VALUES ('order', :o, decode(repeat('ab', 32), 'hex'), now()) ON CONFLICT DO NOTHING;
"""
_CLAIM_OF_KEY = """
INSERT INTO idempotency_keys (caller, key, fingerprint, status, headers, body, expires_at)
  VALUES ('api-key', :o, decode(repeat('ab', 32), 'hex'), 201, '{}',
    decode(repeat('ab', 1000), 'hex'), now() + interval '24 hours');
"""
_EVENT = """
INSERT INTO outbox (exchange, routing_key, message_id, subject, body, headers, attempts,
    created_at, due_at)
  VALUES ('shop.events', 'order.placed', :o, :o, decode(repeat('ab', 1200), 'hex'), '{}', 0,
    now(), now());
SELECT pg_notify('outbox', '');
"""
_CACHE_DROP = """
INSERT INTO cache_drops (id, tags, created_at)
  VALUES (:o::uuid, to_json(ARRAY['product:' || :a, 'product:' || :b, 'product:' || :c]), now());
"""
_SELECT = """
\\set n random(1, :goods)
SELECT p.id, p.sku, name, description, category, p.price_minor, currency, stock_quantity,
    p.is_active, p.created_at, p.updated_at, p.archived_at, p.version
  FROM products p JOIN variants v ON v.product_id = p.id AND v.archived_at IS NULL
  WHERE p.id = md5(:n::text)::uuid;
"""
_TAKE = "UPDATE variants SET stock_quantity = stock_quantity - 2, updated_at = now() WHERE id = "
_ORDER = """
\\set a random(1, :goods / 3)
\\set b random(:goods / 3 + 1, :goods * 2 / 3)
\\set c random(:goods * 2 / 3 + 1, :goods)
\\set u random(1, :users)
BEGIN;
SELECT gen_random_uuid() AS o, nextval('order_numbers') AS number \\gset
SELECT id AS buyer FROM bench_users WHERE n = :u \\gset
<claim>SELECT is_active FROM users WHERE id = :buyer::uuid;
SELECT v.id, v.sku, p.name, v.price_minor, v.stock_quantity, v.is_active
  FROM variants v JOIN products p ON p.id = v.product_id JOIN bench_goods g ON g.id = v.id
  WHERE g.n IN (:a, :b, :c) ORDER BY v.id FOR UPDATE OF v;
<take> (SELECT id FROM bench_goods WHERE n = :a);
<take> (SELECT id FROM bench_goods WHERE n = :b);
<take> (SELECT id FROM bench_goods WHERE n = :c);
INSERT INTO orders (id, number, user_id, status, units, total_minor, currency, created_at,
    updated_at, version)
  VALUES (:o::uuid, :number, :buyer::uuid, 'pending', 6, 1200, 'USD', now(), now(), 1);
INSERT INTO order_items (order_id, position, variant_id, sku, name, unit_price_minor, quantity)
  SELECT :o::uuid, row_number() OVER (), p.id, p.sku, p.name, p.price_minor, 2
  FROM products p JOIN bench_goods g USING (id) WHERE g.n IN (:a, :b, :c);
INSERT INTO order_changes (order_id, position, to_status, actor, changed_at)
  VALUES (:o::uuid, 1, 'pending', 'queue order', now());
INSERT INTO stock_movements (id, variant_id, quantity, reason, source, created_at)
  SELECT gen_random_uuid(), id, -2, 'sale', 'order ' || :o, now()
  FROM bench_goods WHERE n IN (:a, :b, :c);
<last>COMMIT;
"""


def _order(claim: str, last: str) -> str:
    return _ORDER.replace("<take>", _TAKE).replace("<claim>", claim).replace("<last>", last)


# The writes of the shop depend on the broker and Redis, which the shop has in the cases.
OF_MESSAGE = _order(_CLAIM_OF_MESSAGE, _EVENT)
"""An order that arrives as a message."""
OF_KEY = _order(_CLAIM_OF_KEY, _CACHE_DROP)
"""An order over HTTP with a key."""
OF_REQUEST = _order("", _CACHE_DROP)
"""An order over HTTP without a key."""


@dataclass(frozen=True, slots=True)
class Pgbench:
    """A database that pgbench can use; a shop can no longer use it afterwards."""

    program: Path
    server: PostgresServer
    database: str
    counts: Mapping[str, int]

    @classmethod
    async def prepare(cls, server: PostgresServer, settings: Settings) -> "Pgbench":
        """Number the products and users of a filled shop, so that pgbench can select them.

        Raises:
            NotMeasured: pgbench is not installed.
        """
        shop = Shop(settings)
        try:
            async with shop.database.write() as session:
                for statement in _GOODS:
                    await session.execute(text(statement))
                counts = {
                    name: int(await session.scalar(text(f"SELECT count(*) FROM bench_{name}")) or 0)
                    for name in ("goods", "users")
                }
        finally:
            await shop.close()
        return cls(_find_program(), server, settings.postgres_db, counts)

    def orders(self, script: str, clients: int, seconds: int) -> float:
        """Return the orders a second of some concurrent clients, each order in a transaction."""
        return self._run(script, self.counts, clients, seconds)

    def selects(self, goods: int, clients: int, seconds: int) -> float:
        """Return how many products a second are selected by their ids.

        The ids are the MD5 digests of the numbers up to `goods`.
        """
        return self._run(_SELECT, {"goods": goods}, clients, seconds)

    def _run(self, script: str, counts: Mapping[str, int], clients: int, seconds: int) -> float:
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            command = [str(self.program), "--no-vacuum", "--protocol=prepared"]
            command += [f"--file={file.name}", f"--client={clients}", f"--time={seconds}"]
            command += [f"--define={name}={count}" for name, count in counts.items()]
            command += [f"--host={self.server.host}", f"--port={self.server.port}"]
            command += [f"--username={self.server.user}", self.database]
            done = subprocess.run(
                command,
                env=os.environ | {"PGPASSWORD": self.server.password},
                capture_output=True,
                text=True,
                check=False,
            )
        found = _TPS.search(done.stdout)
        if done.returncode or found is None:
            raise NotMeasured(f"pgbench: {done.stderr}")
        return float(found[1])


def _find_program() -> Path:
    places = sorted(Path("/").glob(f"{PACKAGED_BINARIES}/pgbench"), reverse=True)
    if on_path := shutil.which("pgbench"):
        places.append(Path(on_path))
    if (package := wheel_package(WHEEL)) is not None:
        places.append(package / WHEEL_BINARIES / "pgbench")
    for place in places:
        if place.is_file():
            return place
    raise NotMeasured("pgbench is the reference, and is not there: apt-get install postgresql")
