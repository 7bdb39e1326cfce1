"""Measures the response time of pages of the product list at growing depth in a running shop."""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlencode, urlsplit

from rich.console import Console
from rich.progress import track
from rich.table import Table

DEPTHS = (1, 10, 100, 1_000)
SORTS = ("created_at", "-created_at", "name", "-name", "price", "-price")
PAGE_ROWS = 20
MOST_ROWS = 100


def main() -> None:
    """Read each list to its depths, measure there, and print a table."""
    arguments = parse_arguments()
    where = urlsplit(arguments.url)
    filters: list[dict[str, str]] = [{}]
    table = Table("list", *(f"page {depth:,}" for depth in DEPTHS), "deepest / first")
    with closing(HTTPConnection(where.hostname or "", where.port or 80, timeout=60)) as connection:
        category = arguments.category or largest_category(connection)
        filters.append({"category": category})
        lists = [each | {"sort": sort} for each in filters for sort in SORTS]
        for query in track(lists, description="Measure", console=Console(stderr=True)):
            costs = measured(connection, query, arguments.times)
            shown = [f"{cost:.2f} ms" for cost in costs] + ["-"] * (len(DEPTHS) - len(costs))
            table.add_row(urlencode(query), *shown, f"{costs[-1] / costs[0]:.2f}")
    Console().print(table)


def measured(connection: HTTPConnection, query: dict[str, str], times: int) -> list[float]:
    """Return the median milliseconds of a page at each depth that the list has."""
    places = list(depths_of(connection, query))
    costs: list[list[float]] = [[] for _ in places]
    for _ in range(times):
        # In turn, so that other load of the machine affects every depth equally.
        for noted, place in zip(costs, places):
            noted.append(timed(connection, query | place | {"limit": str(PAGE_ROWS)}))
    return [median(noted) for noted in costs]


def depths_of(connection: HTTPConnection, query: dict[str, str]) -> Iterator[dict[str, str]]:
    """Read a list and return the cursor of each depth that it has; the first page has none."""
    place: dict[str, str] = {}
    skipped = 0
    for depth in DEPTHS:
        while (missing := (depth - 1) * PAGE_ROWS - skipped) > 0:
            step = min(missing, MOST_ROWS)
            page = get(connection, query | place | {"limit": str(step)})
            if page["next"] is None:
                return
            place, skipped = {"cursor": page["next"]}, skipped + step
        yield place


def timed(connection: HTTPConnection, query: dict[str, str]) -> float:
    """Return the milliseconds of one request."""
    started = perf_counter()
    get(connection, query)
    return (perf_counter() - started) * 1_000


def get(connection: HTTPConnection, query: dict[str, str]) -> dict[str, Any]:
    """Return a page of the product list."""
    connection.request("GET", f"/api/v1/products?{urlencode(query)}")
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise SystemExit(f"error: {response.status}: {body.decode()}")
    page: dict[str, Any] = json.loads(body)
    return page


def largest_category(connection: HTTPConnection) -> str:
    """Return the most frequent category of the first hundred products by name."""
    items: Sequence[dict[str, str]] = get(connection, {"sort": "name", "limit": "100"})["items"]
    if not items:
        raise SystemExit("error: the shop has no products; `lavka import` loads some")
    names = [each["category"] for each in items]
    return max(sorted(set(names)), key=names.count)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.list_depth", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the shop (%(default)s)")
    parser.add_argument("--category", help="a category with many products")
    parser.add_argument(
        "--times", type=int, default=50, help="requests at each depth (%(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
