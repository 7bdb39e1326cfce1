"""Runs eight tasks that each move categories at random on PostgreSQL, a thousand times.

Afterwards every path must agree with the parents, with no cycle and no orphan. It exits
with 1 if that does not hold, which `--no-lock` shows.
"""

import argparse
import asyncio
import sys
import time
from unittest.mock import patch

from rich.console import Console

from app.repositories.catalogue.category_tree_repository import CategoryTreeRepository
from app.wiring.lifecycle import migrate_shop
from app.wiring.resources import Shop
from tests.conftest import postgres_settings
from tests.support.servers import start_postgres
from tests.test_services.category_moves import faults_of, move_at_random, plant
from tests.test_services.test_category_moves import unlocked


async def moved(shop: Shop, arguments: argparse.Namespace) -> list[str]:
    """Move categories, print the outcomes, and return the errors of the tree."""
    await migrate_shop(shop)
    ids = await plant(shop)
    began = time.perf_counter()
    outcomes = await move_at_random(
        shop, ids, movers=arguments.movers, moves=arguments.moves, seed=arguments.seed
    )
    seconds = time.perf_counter() - began
    Console().print(f"{sum(outcomes.values())} changes in {seconds:.1f} s:", dict(outcomes))
    faults = await faults_of(shop)
    await shop.close()
    return faults


def main() -> None:
    """Start a PostgreSQL, move categories, and print whether the tree is correct."""
    arguments = parse_arguments()
    with start_postgres() as server:
        server.create_database("moves")
        shop = Shop(postgres_settings(server, "moves", db_pool_size=20))
        if arguments.no_lock:
            with patch.object(CategoryTreeRepository, "lock_tree", unlocked):
                faults = asyncio.run(moved(shop, arguments))
        else:
            faults = asyncio.run(moved(shop, arguments))
    for fault in faults[:10]:
        Console(stderr=True).print(f"error: {fault}")
    Console().print(f"{len(faults)} faults")
    sys.exit(1 if faults else 0)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    name = "python -m benchmarks.catalogue.category_moves"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("--movers", type=int, default=8, help="at once (%(default)s)")
    parser.add_argument("--moves", type=int, default=1_000, help="of each mover (%(default)s)")
    parser.add_argument("--seed", type=int, default=16, help="of the moves (%(default)s)")
    parser.add_argument("--no-lock", action="store_true", help="leave out the lock of the tree")
    return parser.parse_args()


if __name__ == "__main__":
    main()
