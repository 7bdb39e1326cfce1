"""Compares facets with a count of every product, and measures the time of facets and lists.

On each database, a shop of 2,000 products must have the same numbers for 1,000 sets of filters at
random; then requests are timed, uncached, in a shop with as many products as a supermarket: those
of a file (`--data`) with filters by their own words, or else random ones with many options. It
exits with 1 if a number differs.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from rich.console import Console
from sqlalchemy import select, text

from app.core.search_words import search_words
from app.jobs.file_import import import_files
from app.models import Category, Product
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.facet_schema import FacetQuery
from app.schemas.catalogue.product_query import ProductQuery
from app.services.catalogue.facet_service import FacetService
from app.settings import Settings
from app.wiring.areas.catalogue import provide_facets
from app.wiring.lifecycle import migrate_shop
from app.wiring.resources import Shop
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.servers import start_postgres
from tests.test_services.facet_counts import (
    OneByOne,
    Pairs,
    counted_by_shop,
    plant,
    random_filters,
)

_CATEGORIES = 300
_SORTS = ("-created_at", "name", "price")


async def differing(settings: Settings, arguments: argparse.Namespace) -> int:
    """Return the number of sets of filters for which facets differ from a count one by one."""
    random = Random(arguments.seed)
    shop = Shop(settings)
    await migrate_shop(shop)
    await plant(shop, arguments.compared, random)
    truth, wrong = await OneByOne.of(shop), 0
    for _ in range(arguments.sets):
        pairs = random_filters(random)
        if await counted_by_shop(shop, pairs) != truth.counts(pairs):
            Console(stderr=True).print("error: different numbers for", pairs)
            wrong += 1
    await shop.close()
    return wrong


async def timed(settings: Settings, arguments: argparse.Namespace) -> None:
    """Fill a large shop, and print the time of facets and lists in it."""
    random = Random(arguments.seed)
    shop = Shop(settings)
    await migrate_shop(shop)
    if arguments.data is None:
        await plant(shop, arguments.products, random, categories=_CATEGORIES)
    else:
        await import_files(shop, [arguments.data])
    async with shop.database.reshape() as connection:
        await connection.execute(text("ANALYZE"))
    if not shop.database.is_sqlite:
        async with shop.database.reader.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("VACUUM products, product_facets"))
    if arguments.data is None:
        sets = [random_filters(random) for _ in range(arguments.times)]
    else:
        sets = await filters_of_data(shop, random, arguments.times)
    await measure("facets, filters at random", [_facets(shop, each) for each in sets])
    await measure("facets of everything", [_facets(shop, [])] * 50)
    for sort in _SORTS:
        await measure(f"list by {sort}", [_listed(shop, [("sort", sort)])] * 200)
    for words in ("leaf", "earl grey", "e"):
        for sort in ("relevance", "-created_at"):
            asked = [("q", words), ("sort", sort)]
            await measure(f"list of {words!r} by {sort}", [_listed(shop, asked)] * 20)
    lists = [_listed(shop, each) for each in sets]
    await measure("lists, filters at random", lists)
    await shop.close()


async def filters_of_data(shop: Shop, random: Random, times: int) -> list[Pairs]:
    """Return random filters by the words, categories and prices that the products have."""
    async with shop.database.read() as session:
        rows = (await session.execute(select(Product.name, Product.price_minor))).all()
        categories = (await session.scalars(select(Category.name))).all()
    words = [word for row in rows for word in search_words(row.name)]

    def price() -> str:
        return f"{Decimal(random.choice(rows).price_minor) / 100:.2f}"

    def filters() -> Pairs:
        word = random.choice(words)
        chosen = [
            (0.4, "q", word[: random.randint(min(2, len(word)), len(word))]),
            (0.4, "category", random.choice(categories)),
            (0.3, "min_price", price()),
            (0.3, "max_price", price()),
            (0.3, "in_stock", random.choice(("true", "false"))),
        ]
        return [(name, value) for share, name, value in chosen if random.random() < share]

    return [filters() for _ in range(times)]


async def measure(name: str, requests: list[Callable[[], Awaitable[object]]]) -> None:
    """Print the median and the 95th percentile of requests, one after the other."""
    taken = []
    for each in requests:
        began = time.perf_counter()
        await each()
        taken.append((time.perf_counter() - began) * 1_000)
    worst = quantiles(taken, n=20)[-1]
    Console().print(f"{name}: median {median(taken):.1f} ms, p95 {worst:.1f} ms")


def _facets(shop: Shop, pairs: Pairs) -> Callable[[], Awaitable[object]]:
    async def send() -> object:
        if shop.cache.near is not None:
            shop.cache.near.clear()
        async with shop.database.read() as session:
            service: FacetService = provide_facets(session, shop)
            return await service.find(FacetQuery.parse_query(pairs))

    return send


def _listed(shop: Shop, pairs: Pairs) -> Callable[[], Awaitable[object]]:
    async def send() -> object:
        async with shop.database.read() as session:
            return await ProductRepository(session).find(ProductQuery.parse_query(pairs))

    return send


def run(name: str, settings: Settings, small: Settings, arguments: argparse.Namespace) -> int:
    """Compare and measure on one database; return how often the numbers differ."""
    Console().print(f"[bold]{name}[/]")
    wrong = asyncio.run(differing(small, arguments))
    Console().print(f"{arguments.sets} sets of filters, {wrong} differ")
    asyncio.run(timed(settings, arguments))
    return wrong


def main() -> None:
    """Run on both databases, and print whether all numbers are correct."""
    arguments = parse_arguments()
    wrong = 0
    with TemporaryDirectory() as folder, start_postgres() as server:
        if arguments.database != "postgresql":
            small, large = (sqlite_settings(Path(folder, each)) for each in ("small", "large"))
            wrong += run("SQLite", large, small, arguments)
        if arguments.database != "sqlite":
            for each in ("small", "large"):
                server.create_database(each)
            wrong += run(
                "PostgreSQL",
                postgres_settings(server, "large"),
                postgres_settings(server, "small"),
                arguments,
            )
    sys.exit(1 if wrong else 0)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    name = "python -m benchmarks.catalogue.facets"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("--products", type=int, default=92_331, help="timed (%(default)s)")
    parser.add_argument("--data", type=Path, help="of products, timed instead of random ones")
    parser.add_argument("--compared", type=int, default=2_000, help="products (%(default)s)")
    parser.add_argument("--sets", type=int, default=1_000, help="of filters (%(default)s)")
    parser.add_argument("--times", type=int, default=300, help="requests (%(default)s)")
    parser.add_argument("--seed", type=int, default=16, help="of all choices (%(default)s)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only this one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
