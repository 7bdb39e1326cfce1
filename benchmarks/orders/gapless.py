"""Invoices 1,000 orders, 16 at once, while one of 20 transactions is rolled back.

The numbers of the series must be 1 to 1,000 without a gap, on each database. It exits with 1 if
they are not.
"""

import argparse
import time

from rich.console import Console
from sqlalchemy import select

from app.models import Invoice
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.orders.both_databases import run_on_both
from benchmarks.support.servers import fill
from tests.test_services.invoices.test_gapless import issue_all, paid_orders

_ORDERS = 1_000


async def run(settings: Settings, console: Console) -> list[str]:
    """Invoice the orders over one database; return the faults."""
    _, products = await fill(settings)
    shop = Shop(settings)
    name = "SQLite" if shop.database.is_sqlite else "PostgreSQL"
    try:
        product = {"id": str(products[0]), "sku": "SKU", "name": "Tea"}
        orders = await paid_orders(shop, product, _ORDERS)
        began = time.perf_counter()
        failures = await issue_all(shop, orders, seed=1)
        seconds = time.perf_counter() - began
        async with shop.database.read() as session:
            numbers = (await session.scalars(select(Invoice.number))).all()
    finally:
        await shop.close()
    console.print(f"{name}: {_ORDERS / seconds:,.0f} invoices/s, {failures} rolled back")
    is_gapless = sorted(numbers) == list(range(1, _ORDERS + 1))
    return [] if is_gapless else [f"{name}: the numbers have a gap"]


def main() -> None:
    """Run on both databases."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    run_on_both(run, is_bug=False)


if __name__ == "__main__":
    main()
