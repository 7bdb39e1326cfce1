"""Changes the carts of a guest and a user at random, with claims, and compares with a model.

Each sequence has its own seed. After each step the cart must equal the model. It exits with 1
if one does not. With `--bug` a claim adds units up instead of using the larger number, which must
be found.
"""

import argparse
import time
from contextlib import ExitStack
from unittest.mock import patch

from rich.console import Console
from sqlalchemy import delete

from app.models import Cart
from app.services.carts import cart_claims, cart_service
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.orders.both_databases import run_on_both
from benchmarks.support.servers import fill
from tests.test_services.carts import model

_TOLD_EVERY = 1_000


async def run(settings: Settings, arguments: argparse.Namespace, console: Console) -> list[str]:
    """Run all sequences over one database; return the faults."""
    users, products = await fill(settings)
    began, faults = time.perf_counter(), []
    shop = Shop(settings)
    name = "SQLite" if shop.database.is_sqlite else "PostgreSQL"
    try:
        for seed in range(1, arguments.sequences + 1):
            try:
                await model.run_sequence(shop, seed, list(products[:6]), users[0])
            except AssertionError as error:
                faults.append(f"{name}, seed {seed}: {error}")
            async with shop.database.write() as session:
                await session.execute(delete(Cart))
            if seed % _TOLD_EVERY == 0 or seed == arguments.sequences:
                seconds = time.perf_counter() - began
                console.print(f"{name}: {seed} sequences, {len(faults)} faults, {seconds:.0f} s")
    finally:
        await shop.close()
    return faults


def main() -> None:
    """Run all sequences over both databases, and print the faults."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.orders.random_claims", description=__doc__
    )
    parser.add_argument("--sequences", type=int, default=10_000, help="sequences (%(default)s)")
    parser.add_argument("--bug", action="store_true", help="add units up at a claim")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        for module in (cart_service, cart_claims):
            stack.enter_context(patch.object(module, "MAX_LINES", model.MOST_LINES))
        if arguments.bug:
            added = patch.object(cart_claims, "_larger", lambda own, other: min(own + other, 1_000))
            stack.enter_context(added)
        run_on_both(lambda its, console: run(its, arguments, console), is_bug=arguments.bug)


if __name__ == "__main__":
    main()
