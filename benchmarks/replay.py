"""Sends real baskets as orders to a running shop, many at once, and checks the orders.

No other client may order in the shop meanwhile: its units would look like a loss of stock.
"""

import argparse
import asyncio
import csv
import statistics
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import cycle, groupby, islice
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.support.admin_access import add_arguments, temporary_api_key

_BASKETS = Path(__file__).resolve().parent.parent / "app" / "demo" / "orders.csv"
_RETRIES = 8
SCOPES = ("products:read", "products:write", "orders:read", "orders:write", "users:read")


@dataclass(frozen=True, slots=True)
class Basket:
    """The purchase of one household: units by SKU."""

    username: str
    quantities: dict[str, int]


@dataclass(slots=True)
class Run:
    """One replay: the shop's ids, the requests and the responses."""

    client: httpx.AsyncClient
    name: str
    baskets: list[Basket]
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    users: dict[str, str] = field(default_factory=dict)
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    supplied: Counter[str] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)


def read_baskets(count: int) -> list[Basket]:
    """Return baskets of the extract, repeated from the start if there are not enough."""
    with _BASKETS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    baskets = [
        Basket(lines[0]["username"], {line["sku"]: int(line["quantity"]) for line in lines})
        for lines in (list(group) for _, group in groupby(rows, key=lambda row: row["reference"]))
    ]
    return list(islice(cycle(baskets), count))


async def replay(
    run: Run,
    concurrency: int,
    advance: Callable[[], None],
    *,
    pause_seconds: float = 0.0,
    stop: asyncio.Event | None = None,
) -> float:
    """Send every basket once, `concurrency` at a time, and return the seconds that it took."""
    waiting = iter(enumerate(run.baskets))

    async def buyer() -> None:
        for number, basket in waiting:
            if stop is not None and stop.is_set():
                return
            await _order(run, number, basket)
            advance()
            await asyncio.sleep(pause_seconds)

    started = time.perf_counter()
    await asyncio.gather(*(buyer() for _ in range(concurrency)))
    return time.perf_counter() - started


async def prepare(run: Run, supply: float) -> None:
    """Read the ids of users and variants, and supply a part of the stock for the baskets."""
    run.users = {user["username"]: user["id"] for user in await _all(run.client, "users")}
    run.variants = await _variants(run)
    needed: Counter[str] = Counter()
    for basket in run.baskets:
        needed.update(basket.quantities)
    missing = [sku for sku in needed if sku not in run.variants]
    if missing or any(basket.username not in run.users for basket in run.baskets):
        raise SystemExit(
            "error: the shop has not the demo's users and products; start it with --demo"
        )
    for sku, quantity in needed.items():
        if (pieces := int(quantity * supply)) > 0:
            path = f"variants/{run.variants[sku]['id']}/stock"
            body = {"quantity": pieces, "reason": "supply", "note": f"replay {run.name}"}
            response = await run.client.post(path, json=body)
            response.raise_for_status()
            # The shop's own clock, and before the first order.
            run.started_at = response.json()["created_at"]
            run.supplied[sku] = pieces


async def check(run: Run) -> dict[str, str | None]:
    """Return each check with its first failure, if there is one."""
    placed = await _all(run.client, "orders", placed_from=run.started_at)
    listed = Counter(order["id"] for order in placed)
    orders = [(await run.client.get(f"orders/{each}")).json() for each in run.accepted]
    sold: defaultdict[str, int] = defaultdict(int)
    for order in orders:
        for item in order["items"]:
            sold[item["sku"]] += item["quantity"]
    after = await _variants(run)
    return {
        "every accepted order exists once": _against_presence(run, listed),
        "stock + ordered = supplied": _against_stock(run, after, sold),
        "totals are the sums of their lines": _against_totals(orders),
    }


def _against_presence(run: Run, listed: Counter[str]) -> str | None:
    if len(set(run.accepted)) < len(run.accepted):
        return "two baskets were answered with the same order"
    if lost := set(run.accepted) - set(listed):
        return f"{len(lost)} accepted orders are not there, {min(lost)} for one"
    if strange := set(listed) - set(run.accepted):
        return f"{len(strange)} orders are there that nobody was told of, {min(strange)} for one"
    return None if max(listed.values(), default=1) == 1 else "an order is listed twice"


def _against_stock(run: Run, after: dict[str, Any], sold: dict[str, int]) -> str | None:
    for sku, before in run.variants.items():
        had = before["stock_quantity"] + run.supplied[sku]
        has = after[sku]["stock_quantity"]
        if has < 0 or has + sold.get(sku, 0) != had:
            return f"{sku}: {had} supplied, {sold.get(sku, 0)} ordered, {has} in stock"
    return None


def _against_totals(orders: list[dict[str, Any]]) -> str | None:
    for order in orders:
        total = sum(Decimal(item["unit_price"]) * item["quantity"] for item in order["items"])
        units = sum(item["quantity"] for item in order["items"])
        if (total, units) != (Decimal(order["total"]), order["units"]):
            return f"order {order['number']}: {order['total']} instead of {total}"
    return None


def order_of(run: Run, basket: Basket) -> dict[str, Any]:
    """Return the body of an order."""
    return {
        "user_id": run.users[basket.username],
        "items": [
            {"variant_id": run.variants[sku]["id"], "quantity": quantity}
            for sku, quantity in basket.quantities.items()
        ],
    }


async def _order(run: Run, number: int, basket: Basket) -> None:
    body = order_of(run, basket)
    # The key makes it safe to repeat the request when the response is lost.
    headers = {"Idempotency-Key": f"replay-{run.name}-{number}"}
    started = time.perf_counter()
    response = await _post_until_answered(run.client, body, headers)
    run.latencies.append(time.perf_counter() - started)
    if response.status_code == 201:
        run.accepted.append(response.json()["id"])
    else:
        run.refused[f"{response.status_code} {response.json().get('type', '')}"] += 1


async def _post_until_answered(
    client: httpx.AsyncClient, body: dict[str, Any], headers: dict[str, str]
) -> httpx.Response:
    for attempt in range(_RETRIES):
        try:
            response = await client.post("orders", json=body, headers=headers)
        except httpx.TransportError:
            response = None
        if response is not None and response.status_code < 500:
            return response
        await asyncio.sleep(0.1 * 2**attempt)
    raise SystemExit("error: the shop does not answer")


async def _variants(run: Run) -> dict[str, dict[str, Any]]:
    return {variant["sku"]: variant for variant in await _all(run.client, "variants")}


async def _all(client: httpx.AsyncClient, resource: str, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        parameters = {**query, "limit": "100", **({"cursor": cursor} if cursor else {})}
        response = await client.get(resource, params=parameters)
        response.raise_for_status()
        page = response.json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


def _report(console: Console, run: Run, seconds: float, checks: dict[str, str | None]) -> None:
    quantiles = statistics.quantiles(run.latencies, n=100)
    table = Table(title=f"{len(run.baskets)} baskets in {seconds:.1f} s", show_header=False)
    table.add_row("accepted", f"{len(run.accepted)}")
    for reason, count in run.refused.most_common():
        table.add_row(f"refused: {reason}", f"{count}")
    table.add_row("orders/s", f"{len(run.baskets) / seconds:.0f}")
    for percent in (50, 95, 99):
        table.add_row(f"p{percent}", f"{quantiles[percent - 1] * 1000:.1f} ms")
    for name, against in checks.items():
        table.add_row(name, "[green]holds" if against is None else f"[red]{against}")
    console.print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument(
        "--url", default="http://127.0.0.1:8000", help="the shop, started with --demo"
    )
    add_arguments(parser)
    parser.add_argument("--orders", type=int, default=2000, help="baskets to send (%(default)s)")
    parser.add_argument(
        "--concurrency", type=int, default=16, help="how many at once (%(default)s)"
    )
    parser.add_argument(
        "--supply",
        type=float,
        default=0.9,
        help="the share of the units in all baskets that is supplied first, in addition to the "
        "stock (%(default)s); orders for the rest are refused",
    )
    return parser


async def _main() -> int:
    arguments = _parser().parse_args()
    console = Console()
    limits = httpx.Limits(max_connections=arguments.concurrency)
    async with httpx.AsyncClient(
        base_url=f"{arguments.url}/api/v1/", limits=limits, timeout=60
    ) as client:
        run = Run(client, uuid.uuid4().hex[:12], read_baskets(arguments.orders))
        try:
            await client.get("products?limit=1")
        except httpx.TransportError as error:
            raise SystemExit(f"error: there is no shop at {arguments.url}: {error}") from error
        async with temporary_api_key(client, arguments, SCOPES):
            seconds, checks = await _replay_and_check(run, arguments, console)
    _report(console, run, seconds, checks)
    return 0 if all(against is None for against in checks.values()) else 1


async def _replay_and_check(
    run: Run, arguments: argparse.Namespace, console: Console
) -> tuple[float, dict[str, str | None]]:
    await prepare(run, arguments.supply)
    columns = (TextColumn("orders"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("orders", total=len(run.baskets))
        seconds = await replay(run, arguments.concurrency, lambda: progress.advance(task))
    return seconds, await check(run)


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
