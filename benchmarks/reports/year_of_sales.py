"""Trades for a year under a moved clock, and computes each day again from its orders.

Customers order by carts, `POST /orders` and the queue, with promotions, coupons, shipping and tax
at several rates, in prices and added to them; they pay, cancel on the same day or later, or let
orders expire. The report of each day is made at its end, and once more at the end of the year, and
must be equal to the sums of the documents of the orders, to the cent. It exits with
1 if one is not. With `--bug` cancellations of the day itself are counted as corrections, which
must be found.
"""

import argparse
import time
from contextlib import ExitStack
from datetime import date, timedelta

from rich.console import Console

from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.orders.both_databases import run_on_both
from main import create_app
from tests.conftest import client_of, running
from tests.test_reports.trade.opening import SETTINGS, open_for_trade
from tests.test_reports.trade.trading import Trade, correcting_every_cancellation

_FIRST = date(2027, 1, 1)


async def run(settings: Settings, arguments: argparse.Namespace, console: Console) -> list[str]:
    """Trade over one database; return the faults."""
    shop = Shop(settings)
    shop.clock.move(shop.days.start_of(_FIRST) - timedelta(hours=1) - shop.clock.now())
    began = time.perf_counter()
    async with running(create_app(shop)) as app, client_of(app) as client:
        trade = Trade(shop, client, await open_for_trade(client), arguments.seed)
        await trade.run(_FIRST, arguments.days, arguments.orders)
    name = "SQLite" if shop.database.is_sqlite else "PostgreSQL"
    seconds = time.perf_counter() - began
    counts = ", ".join(f"{count} {what}" for what, count in sorted(trade.counts.items()))
    console.print(f"{name}: {counts}; {len(trade.faults)} faults, {seconds:.0f} s")
    return [f"{name}, {each}" for each in trade.faults]


def main() -> None:
    """Trade over both databases, and print the faults."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reports.year_of_sales", description=__doc__
    )
    parser.add_argument("--days", type=int, default=365, help="days (%(default)s)")
    parser.add_argument(
        "--orders", type=int, default=30, help="orders on the busiest days (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the chance (%(default)s)")
    parser.add_argument("--bug", action="store_true", help="plant a mistake in the corrections")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        if arguments.bug:
            stack.enter_context(correcting_every_cancellation())
        run_on_both(
            lambda its, console: run(its, arguments, console), is_bug=arguments.bug, **SETTINGS
        )


if __name__ == "__main__":
    main()
