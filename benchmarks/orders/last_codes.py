"""Lets 64 buyers use a code with one use at the same time, repeatedly.

The code is in the quote of each buyer, and each has an order. Half of the codes are limited by
their coupon, and half by their promotion. Each code must have one use: never two, never none, and
the counted uses must equal the actual ones. With `--bug` limits are checked before the order and
counted in it, which must be found. It exits with 1 after a fault.
"""

import argparse
import time
from contextlib import nullcontext

from rich.console import Console

from app.schemas.orders.order_schema import OrderCreate
from app.security.principal import SYSTEM
from app.settings import Settings
from app.wiring.areas.orders import provide_orders
from app.wiring.resources import Shop
from benchmarks.orders.both_databases import run_on_both
from benchmarks.support.servers import fill
from tests.test_services.promotions.last_codes import (
    Buyer,
    add_last,
    checking_before_counting,
    compete,
    faults_of,
)

_BUYERS = 64
_TOLD_EVERY = 100


async def orders_of(settings: Settings) -> list[Buyer]:
    """Fill a shop, and place an order for each buyer."""
    users, products = await fill(settings)
    shop = Shop(settings)
    buyers = []
    try:
        for number in range(_BUYERS):
            user_id, product_id = users[number % len(users)], str(products[0])
            items = [{"product_id": product_id, "quantity": 1}]
            data = OrderCreate.parse({"user_id": str(user_id), "items": items})
            async with shop.database.write() as session:
                order = await provide_orders(session, shop).place(SYSTEM, data)
            buyers.append((str(order.id), str(user_id)))
    finally:
        await shop.close()
    return buyers


async def run(settings: Settings, arguments: argparse.Namespace, console: Console) -> list[str]:
    """Run all rounds over one database; return the faults."""
    buyers = await orders_of(settings)
    shop = Shop(settings)
    name = "SQLite" if shop.database.is_sqlite else "PostgreSQL"
    faults: list[str] = []
    began = time.perf_counter()
    try:
        for number in range(1, arguments.rounds + 1):
            code = f"LAST-{number}"
            last = await add_last(shop, code, is_limited_itself=number % 2 == 0)
            with checking_before_counting() if arguments.bug else nullcontext():
                fared = await compete(shop, code, buyers)
            faults += await faults_of(shop, last, fared, _BUYERS)
            if number % _TOLD_EVERY == 0 or number == arguments.rounds:
                seconds = time.perf_counter() - began
                console.print(f"{name}: {number} codes, {len(faults)} faults, {seconds:.0f} s")
    finally:
        await shop.close()
    return faults


def main() -> None:
    """Compete over both databases, and print the faults."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.orders.last_codes", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=1_000, help="codes (%(default)s)")
    parser.add_argument("--bug", action="store_true", help="check limits before counting")
    arguments = parser.parse_args()
    run_on_both(lambda its, console: run(its, arguments, console), is_bug=arguments.bug)


if __name__ == "__main__":
    main()
