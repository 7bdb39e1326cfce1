"""Kills a shop during batches of orders with keys, and counts the orders of each key afterwards.

64 clients order at once; the process is killed by SIGKILL after some milliseconds, another one is
started on the same data, and every client repeats its request. Each key must have one order, whose
units left the stock once. It exits with 1 if that does not hold.
"""

import argparse
import asyncio
import json
import random
import signal
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

from rich.console import Console
from sqlalchemy import func, select

from app.models import Order, StockMovement, Variant
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.orders import end_with
from benchmarks.support.http_client import HttpClient
from benchmarks.support.servers import PLENTY, fill
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import serving
from tests.support.servers import start_postgres

CLIENTS = 64
_MAX_SECONDS = 0.02
_WARM_UP = 5


class Round:
    """The orders of one round: each client has its own key and body."""

    def __init__(self, users: Sequence[UUID], products: Sequence[UUID]) -> None:
        self.answered = 0
        self.keys = [str(uuid4()) for _ in range(CLIENTS)]
        self.bodies = [
            json.dumps(
                {
                    "user_id": str(random.choice(users)),
                    "items": [
                        {"product_id": str(each), "quantity": 1}
                        for each in random.sample(products, 3)
                    ],
                }
            ).encode()
            for _ in range(CLIENTS)
        ]

    async def send(self, port: int) -> list[tuple[int, str] | None]:
        """Send all orders at once; return status and id, or None for each without a response."""
        return await asyncio.gather(
            *(self._send(port, *each) for each in zip(self.keys, self.bodies))
        )

    async def _send(self, port: int, key: str, body: bytes) -> tuple[int, str] | None:
        with closing(HttpClient("127.0.0.1", port, AUTHORIZATION)) as client:
            try:
                answer = await client.send("POST", "/api/v1/orders", body, {"Idempotency-Key": key})
            except (OSError, EOFError):
                return None
        self.answered += 1
        return answer.status, str(json.loads(answer.body).get("id"))


async def crash_once(
    settings: Settings, users: Sequence[UUID], products: Sequence[UUID]
) -> tuple[int, list[str]]:
    """Kill a shop during a round; return the number of responses before, and the faults."""
    tried = Round(users, products)
    with serving(settings, settings.data_dir) as shop:
        for _ in range(_WARM_UP):
            await Round(users, products).send(shop.port)
        sending = asyncio.create_task(tried.send(shop.port))
        await asyncio.sleep(random.uniform(0, _MAX_SECONDS))
        # Sometimes before the first answer, otherwise between the answers.
        enough = random.randrange(CLIENTS)
        while tried.answered < enough and not sending.done():
            await asyncio.sleep(0)
        shop.process.send_signal(signal.SIGKILL)
        first = await sending
        shop.process.wait()
    with serving(settings, settings.data_dir) as shop:
        again = await tried.send(shop.port)
        thrice = await tried.send(shop.port)
        shop.stop()
    faults = []
    for key, *answers in zip(tried.keys, first, again, thrice):
        ids = {answer[1] for answer in answers if answer is not None}
        statuses = {answer[0] for answer in answers if answer is not None}
        if len(ids) != 1 or statuses != {201} or answers[1] is None:
            faults.append(f"key {key} was answered {answers}")
    return sum(each is not None for each in first), faults


async def count(settings: Settings) -> tuple[int, int, bool]:
    """Return the orders, the sold units, and whether all stock agrees with the orders."""
    shop = Shop(settings)
    try:
        async with shop.database.read() as session:
            orders = await session.scalar(select(func.count()).select_from(Order))
            sold = await session.scalar(
                select(func.sum(StockMovement.quantity)).where(StockMovement.reason == "sale")
            )
            left = await session.scalar(select(func.sum(PLENTY - Variant.stock_quantity)))
            return int(orders or 0), -int(sold or 0), int(left or 0) == -int(sold or 0)
    finally:
        await shop.close()


async def crash(settings: Settings, rounds: int, console: Console) -> list[str]:
    """Crash a shop many times; return the faults."""
    users, products = await fill(settings)
    await let_machine_into(settings)
    answered, faults = [], []
    for number in range(rounds):
        answers, wrong = await crash_once(settings, users, products)
        answered.append(answers)
        faults += wrong
        console.print(f"{number + 1} of {rounds}: {answers} answered before the kill", end="\r")
    orders, units, is_even = await count(settings)
    expected = rounds * CLIENTS * (_WARM_UP + 1)
    if orders != expected or units != 3 * expected or not is_even:
        faults.append(f"{orders} orders of {units} units, {expected} keys, {is_even=}")
    partial = sum(0 < each < CLIENTS for each in answered)
    console.print(
        f"{rounds} kills, {partial} of them between the answers of a round; {orders} orders"
    )
    return faults


def main() -> None:
    """Crash shops over both databases, and print the faults."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.orders.crashes", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=50, help="for each database (%(default)s)")
    arguments = parser.parse_args()
    console, faults = Console(), []
    quiet = {"rate_limit_per_minute": 0}
    with start_postgres() as server, tempfile.TemporaryDirectory() as folder:
        server.create_database("crashes")
        for settings in (
            postgres_settings(server, "crashes", data_dir=Path(folder) / "postgres", **quiet),
            sqlite_settings(Path(folder) / "sqlite", **quiet),
        ):
            settings.data_dir.mkdir()
            console.print("SQLite" if settings.db_host is None else "PostgreSQL")
            faults += asyncio.run(crash(settings, arguments.rounds, console))
    end_with(faults)


if __name__ == "__main__":
    main()
