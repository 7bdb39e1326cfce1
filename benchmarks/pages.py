"""Measures how long pages take in a shop of 92,331 products and 155,516 orders, over SQLite.

The application is called without a network. Each address of a page is visited in turn: the cache
has been filled by the visits before, as in a shop that is open; `--cold` empties it before each.
"""

import argparse
import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from uuid import UUID

from litestar import Litestar
from rich.console import Console
from rich.table import Table
from sqlalchemy import select, text, update

from app.models import Category, Order, OrderStatus, Product, User
from app.wiring.resources import Shop
from benchmarks.reports.million import PRODUCTS, fill
from tests.conftest import client_of, sqlite_settings
from tests.support.accounts import standing
from tests.support.cached import forget_cached
from tests.test_pages.browser import Browser, log_in_as
from tests.test_services.facet_counts import plant

_ORDERS, _ALL_PRODUCTS = 155_516, 92_331
_LIMITS_MS = {"storefront": 30.0, "console": 80.0}
# One order in this number waits for its payment, or to be packed.
_UNPAID_EVERY, _PAID_EVERY = 997, 499
_SOME = 300


@dataclass(frozen=True)
class Visited:
    """A page, and the durations of its visits."""

    part: str
    name: str
    seconds: Sequence[float]
    size: int

    @property
    def p95_ms(self) -> float:
        """The response time that 95 of 100 visits did not exceed."""
        return quantiles(self.seconds, n=20)[-1] * 1_000

    @property
    def is_slow(self) -> bool:
        """Whether the page exceeds the limit of its part of the site."""
        return self.p95_ms > _LIMITS_MS[self.part]


async def _plant(shop: Shop, random: Random) -> None:
    """Add the products that have variants, and orders that wait."""
    await plant(shop, _ALL_PRODUCTS - PRODUCTS, random, categories=300)
    waiting = ((OrderStatus.PENDING, _UNPAID_EVERY), (OrderStatus.PAID, _PAID_EVERY))
    async with shop.database.write() as session:
        for status, every in waiting:
            chosen = update(Order).where(Order.number % every == 0)
            await session.execute(chosen.values(status=status))
    async with shop.database.reshape() as connection:
        await connection.execute(text("ANALYZE"))


async def _storefront(shop: Shop, random: Random) -> dict[str, list[str]]:
    """Return the pages of the storefront, each with the URLs of its examples."""
    products = await _products(shop, random)
    async with shop.database.read() as session:
        named = select(Product.name).where(Product.id.in_(products))
        words = sorted({each.split()[0] for each in await session.scalars(named)})
        paths = list(await session.scalars(select(Category.path)))
    return {
        "/": ["/"],
        "/c/…": [f"/c/{each}" for each in paths],
        "/s": ["/s"],
        "/s?q=…": [f"/s?q={each}" for each in words],
        "/p/…": [f"/p/{each}" for each in products],
        "/cart": ["/cart"],
    }


async def _console(shop: Shop, random: Random) -> dict[str, list[str]]:
    """Return the pages of the console, each with the URLs of its examples."""
    products = await _products(shop, random)
    async with shop.database.read() as session:
        orders = random.sample(list(await session.scalars(select(Order.id))), _SOME)
        paid = select(Order.id).where(Order.status == OrderStatus.PAID).limit(_SOME)
        to_pack = list(await session.scalars(paid))
        email = await session.scalar(select(User.email).limit(1))
    lists = ("orders", "orders?status=paid", "orders?search=777", f"orders?search={email}")
    others = ("pack", "products", "stock", "reports", "operations")
    alone = ("", *(f"/{each}" for each in (*lists, *others)))
    return {f"/console{each}": [f"/console{each}"] for each in alone} | {
        "/console/orders/…": [f"/console/orders/{each}" for each in orders],
        "/console/pack/…": [f"/console/pack/{each}" for each in to_pack],
        "/console/products/…": [f"/console/products/{each}" for each in products],
    }


async def _products(shop: Shop, random: Random) -> list[UUID]:
    """Return some of the products that are for sale."""
    sold = select(Product.id).where(Product.archived_at.is_(None), Product.is_active)
    async with shop.database.read() as session:
        return random.sample(list(await session.scalars(sold)), _SOME)


async def _visited(
    shop: Shop, browser: Browser, addresses: Iterable[str], visits: int, *, is_cold: bool
) -> tuple[list[float], int]:
    """Visit addresses in turn; return the seconds of each visit, and the largest size."""
    seconds, size = [], 0
    for address in itertools.islice(itertools.cycle(addresses), visits):
        if is_cold:
            await forget_cached(shop)
        before = time.perf_counter()
        response = await browser.visit(address)
        seconds.append(time.perf_counter() - before)
        if response.status_code != 200:
            raise RuntimeError(f"{address}: {response.status_code}")
        size = max(size, len(response.content))
    return seconds, size


@asynccontextmanager
async def _browsers(app: Litestar) -> AsyncIterator[tuple[Browser, Browser]]:
    """Return the browser of a guest and that of a member of the staff."""
    guest, staff = Browser(app), Browser(app)
    async with client_of(app) as client, guest.http, staff.http:
        await log_in_as(staff, client, app.state.shop)
        yield guest, staff


async def _measure(app: Litestar, visits: int, *, is_cold: bool) -> list[Visited]:
    shop: Shop = app.state.shop
    measured = []
    async with _browsers(app) as (guest, staff):
        for part, browser, pages in (
            ("storefront", guest, await _storefront(shop, Random(1))),
            ("console", staff, await _console(shop, Random(1))),
        ):
            for name, places in pages.items():
                if not is_cold:
                    await _visited(shop, browser, places, len(places), is_cold=False)
                seconds, size = await _visited(shop, browser, places, visits, is_cold=is_cold)
                measured.append(Visited(part, name, seconds, size))
                print(f"{name}: {measured[-1].p95_ms:.1f} ms", flush=True)
    return measured


async def _run(folder: Path, visits: int, *, is_cold: bool) -> list[Visited]:
    settings = sqlite_settings(folder)
    await fill(settings, _ORDERS)
    async with standing(settings) as app:
        await _plant(app.state.shop, Random(16))
        return await _measure(app, visits, is_cold=is_cold)


def _show(measured: Sequence[Visited]) -> None:
    table = Table("page", "median", "p95", "limit", "size", title="times in ms, sizes in KB")
    for each in measured:
        table.add_row(
            each.name,
            f"{median(each.seconds) * 1_000:.1f}",
            f"{each.p95_ms:.1f}" + (" !" if each.is_slow else ""),
            f"{_LIMITS_MS[each.part]:.0f}",
            f"{each.size / 1_000:.0f}",
        )
    Console(width=100).print(table)


def main() -> None:
    """Measure; exit 1 if a page misses its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--visits", type=int, default=200, help="of each page (%(default)s)")
    parser.add_argument("--cold", action="store_true", help="empty the cache before each visit")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        measured = asyncio.run(_run(Path(folder), arguments.visits, is_cold=arguments.cold))
    _show(measured)
    sys.exit(1 if any(each.is_slow for each in measured) else 0)


if __name__ == "__main__":
    main()
