"""Demonstrates the cache: `uv run python test_redis_cache.py`.

The script uses the configured cache, Redis or the memory of the process, with a temporary database,
and needs no running shop. With Redis, "elsewhere" is a second shop with its own near cache and
connection, as in another process. Where REDIS_HOST is a name inside the containers only, it uses
the port that they publish on this machine. The exit code is 1 if a line differs from what is
expected.
"""

import asyncio
import re
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from rich.console import Console
from rich.table import Table

from app.cache.areas.catalogue import PRODUCTS
from app.cache.areas.identity import USERS
from app.cache.areas.orders import ORDERS
from app.cache.cache import Found, Tier
from app.cache.kind import Kind
from app.core.ids import new_id
from app.errors import NotFound
from app.jobs.cache_sync import cache_sync
from app.models import OrderStatus
from app.schemas.catalogue.product_schema import ProductChange, ProductCreate
from app.schemas.identity.user_schema import UserChange, UserCreate
from app.schemas.orders.order_schema import OrderCreate
from app.security.principal import Caller
from app.settings import InvalidSettings, Settings, get_settings
from app.wiring.areas.catalogue import provide_products
from app.wiring.areas.identity import provide_users
from app.wiring.areas.orders import provide_order_moves, provide_orders
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.support.refusals import PRODUCT, USER
from tests.support.servers.relay import Relay

_CALLER = Caller("test_redis_cache.py")
_PATIENCE_SECONDS = 5.0
_CONNECT_SECONDS = 3.0
# The port of docker-compose.yml on this machine, whichever REDIS_PORT is inside the containers.
_PUBLISHED_PORT = 6379
_JITTER = 0.1
_SHOWN = {
    USERS: re.compile(rb'"first_name":"([^"]+)"'),
    PRODUCTS: re.compile(rb'"price":"([^"]+)"'),
    ORDERS: re.compile(rb'"status":"([^"]+)"'),
}


class Demonstration:
    """Reads and changes, each with its expected and its actual result."""

    def __init__(self, shop: Shop, other: Shop | None, place: str) -> None:
        self._shop = shop
        self._other = other
        self._place = place
        self._table = Table("", "step", "expected", "actual", "ms", title=_title(shop, place))
        self.failures = 0

    async def run(self, relay: Relay | None) -> None:
        """Run all steps and print them as a table."""
        ids = await _fill(self._shop)
        for kind in (USERS, PRODUCTS, ORDERS):
            await self._show_lifetime(kind, ids[kind])
            self._table.add_section()
        await self._show_absent()
        if relay is not None:
            self._table.add_section()
            await self._show_outage(relay, ids[PRODUCTS])
        Console(width=100).print(self._table)

    async def _show_lifetime(self, kind: Kind, subject_id: UUID) -> None:
        before, after = _VALUES[kind]
        name = kind.name
        await self._read(f"{name}, first read", kind, subject_id, Tier.MISS, before)
        await self._read(f"{name}, second read", kind, subject_id, Tier.NEAR, before)
        if self._other is not None:
            what = f"{name}, read elsewhere"
            await self._read(what, kind, subject_id, Tier.REDIS, before, self._other)
        await self._show_time_left(kind, subject_id)
        await self._note(f"{name}, change", after, _change(self._shop, kind, subject_id))
        await self._read(f"{name}, next read", kind, subject_id, Tier.MISS, after)
        if self._other is not None:
            await asyncio.sleep(0.05)
            what = f"{name}, next read elsewhere"
            await self._read(what, kind, subject_id, Tier.REDIS, after, self._other)

    async def _show_time_left(self, kind: Kind, subject_id: UUID) -> None:
        least, most = kind.seconds * (1 - _JITTER), kind.seconds * (1 + _JITTER)
        key = f"{kind.tag(subject_id)}:"
        if (redis := self._shop.cache.redis) is not None:
            left = await redis.seconds_left(key)
        else:
            assert self._shop.cache.near is not None
            left = self._shop.cache.near.seconds_left(key) or -1
        expected = f"{kind.seconds:,.0f} s ± 10 %"
        # Some time has passed since the first read.
        self._add(
            f"{kind.name}, time left",
            expected,
            f"{left:,.0f} s",
            least - _PATIENCE_SECONDS <= left <= most,
        )

    async def _show_absent(self) -> None:
        absent = new_id(self._shop.clock.now())
        for what, loads in (("absent id, first read", 1), ("absent id, second read", 0)):
            counts = self._shop.cache.counts[PRODUCTS]
            before = counts.loads
            began = time.perf_counter()
            try:
                await _read(self._shop, PRODUCTS, absent)
                actual = "found"
            except NotFound:
                actual = f"not found, loaded {counts.loads - before} x"
            expected = f"not found, loaded {loads} x"
            self._add(what, expected, actual, actual == expected, began)

    async def _show_outage(self, relay: Relay, product_id: UUID) -> None:
        _, value = _VALUES[PRODUCTS]
        await relay.cut()
        await _wait_until_synced(self._shop, self._place, is_expected=False)
        await self._read("Redis stopped, read", PRODUCTS, product_id, Tier.MISS, value)
        await self._note("Redis stopped, change", "9.99", _reprice(self._shop, product_id, "9.99"))
        await self._read("Redis stopped, next read", PRODUCTS, product_id, Tier.MISS, "9.99")
        await relay.open()
        await _wait_until_synced(self._shop, self._place)
        await self._read("Redis back, read", PRODUCTS, product_id, Tier.MISS, "9.99")
        await self._read("Redis back, second read", PRODUCTS, product_id, Tier.NEAR, "9.99")

    async def _read(
        self,
        what: str,
        kind: Kind,
        subject_id: UUID,
        tier: Tier,
        value: str,
        shop: Shop | None = None,
    ) -> None:
        began = time.perf_counter()
        found = await _read(shop or self._shop, kind, subject_id)
        actual = f"{found.tier}, {_value(kind, found.representation.body)}"
        self._add(what, f"{tier}, {value}", actual, actual == f"{tier}, {value}", began)

    async def _note(self, what: str, expected: str, work: Awaitable[str]) -> None:
        began = time.perf_counter()
        actual = await work
        self._add(what, expected, actual, actual == expected, began)

    def _add(
        self, what: str, expected: str, actual: str, is_ok: bool, began: float | None = None
    ) -> None:
        self.failures += not is_ok
        took = "" if began is None else f"{(time.perf_counter() - began) * 1_000:.2f}"
        mark = "[green]✓[/]" if is_ok else "[bold red]✗[/]"
        self._table.add_row(mark, what, expected, actual, took)


_VALUES = {USERS: ("Ada", "Augusta"), PRODUCTS: ("4.99", "5.49"), ORDERS: ("pending", "paid")}


def _title(shop: Shop, place: str) -> str:
    if shop.cache.redis is None:
        return "The cache in the memory of the process (REDIS_HOST is not set)"
    number = shop.settings.redis_db
    return f"The cache in Redis at {place}, database {number}, with a near cache in each process"


async def _fill(shop: Shop) -> dict[Kind, UUID]:
    # Redis counts registrations by their address, also those of earlier runs.
    own = USER | {"email": f"{uuid4().hex}@example.com"}
    async with shop.database.write() as session:
        user = await provide_users(session, shop).register(UserCreate.parse(own))
        product = await provide_products(session, shop).offer(
            _CALLER, ProductCreate.parse(PRODUCT | {"stock_quantity": 10})
        )
        items = [{"product_id": str(product.id), "quantity": 1}]
        order = await provide_orders(session, shop).place(
            Caller("ada", user_id=user.id), OrderCreate.parse({"items": items})
        )
    return {USERS: user.id, PRODUCTS: product.id, ORDERS: order.id}


async def _read(shop: Shop, kind: Kind, subject_id: UUID) -> Found:
    async with shop.database.read() as session:
        if kind is USERS:
            return await provide_users(session, shop).get(_CALLER, subject_id)
        if kind is ORDERS:
            return await provide_orders(session, shop).get(_CALLER, subject_id)
        return await provide_products(session, shop).get(subject_id)


async def _change(shop: Shop, kind: Kind, subject_id: UUID) -> str:
    if kind is PRODUCTS:
        return await _reprice(shop, subject_id, _VALUES[PRODUCTS][1])
    async with shop.database.write() as session:
        if kind is USERS:
            change = UserChange.parse({"first_name": _VALUES[USERS][1]})
            caller = Caller("ada", user_id=subject_id)
            return (
                await provide_users(session, shop).change(caller, subject_id, change)
            ).first_name
        return (
            await provide_order_moves(session, shop).move(_CALLER, subject_id, OrderStatus.PAID)
        ).status


async def _reprice(shop: Shop, product_id: UUID, price: str) -> str:
    async with shop.database.write() as session:
        change = ProductChange.parse({"price": price})
        product = await provide_products(session, shop).change(_CALLER, product_id, change)
    return _value(PRODUCTS, product.to_json())


def _value(kind: Kind, body: bytes) -> str:
    match = _SHOWN[kind].search(body)
    return "nothing" if match is None else match[1].decode()


async def _wait_until_synced(shop: Shop, place: str, *, is_expected: bool = True) -> None:
    assert shop.cache.redis is not None
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while shop.cache.redis.is_synced is not is_expected:
        if time.monotonic() > deadline:
            sys.exit(f"error: Redis at {place} is unavailable")
        await asyncio.sleep(0.01)


@asynccontextmanager
async def _open(settings: Settings, place: str = "") -> AsyncIterator[Shop]:
    shop = Shop(settings)
    await prepare(shop)
    async with cache_sync(shop):
        if shop.cache.redis is not None:
            await _wait_until_synced(shop, place)
        yield shop
    await shop.close()


async def _address_of_redis(host: str, port: int) -> tuple[str, int]:
    """Return the address of Redis from this machine, or exit if nothing answers there."""
    candidates = [(host, port)]
    try:
        await asyncio.get_running_loop().getaddrinfo(host, port)
    except socket.gaierror:
        candidates = [("localhost", each) for each in dict.fromkeys((port, _PUBLISHED_PORT))]
        places = " or ".join(f"{name}:{number}" for name, number in candidates)
        print(f"REDIS_HOST: {host} does not resolve on this machine; trying {places} instead")
    reason: OSError | None = None
    for candidate in candidates:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(*candidate)
            writer.close()
            return candidate
        except OSError as error:
            reason = error
    tried = " and ".join(f"{name}:{number}" for name, number in candidates)
    sys.exit(
        f"error: Redis at {tried} is unavailable ({reason or 'no answer'}); start it with "
        "`docker compose up -d redis`, or unset REDIS_HOST"
    )


async def show(settings: Settings, folder: Path) -> int:
    """Demonstrate the configured cache, with a database in a folder; return how many lines fail."""
    own: dict[str, Any] = {"db_host": None, "data_dir": folder, "rabbitmq_host": None}
    if settings.redis_host is None:
        async with _open(settings.model_copy(update=own)) as shop:
            demonstration = Demonstration(shop, None, "")
            await demonstration.run(None)
            return demonstration.failures
    host, port = await _address_of_redis(settings.redis_host, settings.redis_port)
    place = f"{host}:{port}"
    async with Relay(host, port) as relay:
        own |= {"redis_host": "127.0.0.1", "redis_port": relay.port}
        through = settings.model_copy(update=own)
        async with _open(through, place) as shop, _open(through, place) as other:
            demonstration = Demonstration(shop, other, place)
            await demonstration.run(relay)
            return demonstration.failures


def main() -> None:
    """Demonstrate the cache of the settings."""
    try:
        settings = get_settings()
    except InvalidSettings as error:
        sys.exit(f"error: {error}")
    with tempfile.TemporaryDirectory() as folder:
        failures = asyncio.run(show(settings, Path(folder)))
    if failures:
        sys.exit(f"{failures} lines differ from what is expected")


if __name__ == "__main__":
    main()
