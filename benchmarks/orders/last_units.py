"""Sends eight orders for the last unit of a product, repeatedly, by every way at once.

Of eight requests for a product, some come over HTTP to each of two processes, some over HTTP with
`Prefer: respond-async`, and one from the queue, whose worker is a separate process. (SQLite has
one process, and no broker.) Each product must have one buyer: never two, never none. It exits with
1 after a fault.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from uuid import UUID, uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractRobustConnection
from rich.console import Console
from sqlalchemy import func, select, update

from app.models import DeadLetter, InboxMessage, Order, Variant
from app.schemas.catalogue.option_schema import OptionsChange
from app.schemas.catalogue.variant_schema import VariantCreate
from app.security.principal import Caller
from app.settings import Settings
from app.wiring.areas.catalogue import provide_options, provide_variants
from app.wiring.resources import Shop
from benchmarks.orders import end_with
from benchmarks.support.http_client import HttpClient
from benchmarks.support.servers import ROOT, environment, fill, settings_of
from tests.conftest import sqlite_settings
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import serving
from tests.support.servers import start_postgres, start_rabbitmq

_AT_ONCE = 8
_WAIT_SECONDS = 60
_REPEAT_SECONDS = 0.2
_ASYNC = {"Prefer": "respond-async, wait=20"}
WAYS: tuple[tuple[int, bool], ...] = tuple(
    (place, is_async) for place in (0, 1) for is_async in (False, False, True)
)
"""The process that gets a request, and whether the request is asynchronous."""


class Crowd:
    """The buyers of a shop, their connections, and their responses."""

    def __init__(
        self, ports: Sequence[int], channel: AbstractChannel | None, named_by: str
    ) -> None:
        self._ports = ports
        self._named_by = named_by
        self._channel = channel
        self.statuses: Counter[int] = Counter()
        self.repeated = 0
        """The number of messages that were sent again after a refusal of the broker."""
        self.placed_later = 0
        """The number of asynchronous requests whose order was placed, each by a message."""

    async def buy(self, user_id: UUID, product_id: UUID) -> None:
        """Send eight orders for one unit."""
        order = {
            "user_id": str(user_id),
            "items": [{self._named_by: str(product_id), "quantity": 1}],
        }
        body = json.dumps(order).encode()
        ways = [*WAYS, *([(0, False)] * 2 if self._channel is None else [(0, False)])]
        asked = [self._ask(body, *way) for way in ways]
        if self._channel is not None:
            asked.append(self._publish(body))
        await asyncio.gather(*asked)

    async def _ask(self, body: bytes, place: int, is_async: bool) -> None:
        port = self._ports[place % len(self._ports)]
        headers = {"Idempotency-Key": str(uuid4())} if not is_async else _ASYNC
        with closing(HttpClient("127.0.0.1", port, AUTHORIZATION)) as client:
            answer = await client.send("POST", "/api/v1/orders", body, headers)
        self.statuses[answer.status] += 1
        self.placed_later += is_async and answer.status == HTTPStatus.CREATED

    async def _publish(self, body: bytes) -> None:
        if self._channel is not None:
            message = aio_pika.Message(
                body, message_id=str(uuid4()), delivery_mode=aio_pika.DeliveryMode.PERSISTENT
            )
            # A broker that is slow for a moment refuses a message; the sender repeats it.
            while True:
                with suppress(aio_pika.exceptions.DeliveryError):
                    await self._channel.default_exchange.publish(message, "order")
                    return
                self.repeated += 1
                await asyncio.sleep(_REPEAT_SECONDS)


@contextmanager
def worker_of(settings: Settings) -> Iterator[None]:
    """Run the worker of the queues."""
    with subprocess.Popen(
        [sys.executable, "-m", "app.rabbitmq_consumer"],
        env=environment(settings) | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(_WAIT_SECONDS)


async def fill_shelves(settings: Settings, *, has_variants: bool) -> tuple[UUID, list[UUID]]:
    """Fill a shop; return a buyer, and the products, which have no stock."""
    users, products = await fill(settings)
    await let_machine_into(settings)
    if has_variants:
        products = await add_variants(settings, products)
    await put(settings, products, 0)
    return users[0], products


async def add_variants(settings: Settings, products: Sequence[UUID]) -> list[UUID]:
    """Give each product a second variant, and return these."""
    shop = Shop(settings)
    size = OptionsChange.parse({"options": [{"name": "Size", "value": "M"}]})
    added = []
    try:
        async with shop.database.write() as session:
            for number, product_id in enumerate(products):
                await provide_options(session, shop).change(
                    product_id, size, None, is_preview=False
                )
                large = VariantCreate(sku=f"large-{number}", option_values={"Size": "L"})
                variants = provide_variants(session, shop)
                added.append((await variants.add(Caller("benchmark"), product_id, large)).id)
    finally:
        await shop.close()
    return added


async def put(settings: Settings, products: Sequence[UUID], units: int) -> None:
    """Set the stock of products."""
    shop = Shop(settings)
    try:
        async with shop.database.write() as session:
            chosen = update(Variant).where(Variant.id.in_(products))
            await session.execute(chosen.values(stock_quantity=units))
    finally:
        await shop.close()


async def verdict(
    settings: Settings, products: Sequence[UUID], bought: int, messages: int
) -> list[str]:
    """Wait until all messages have an outcome; return the faults. No stock is below zero."""
    shop = Shop(settings)
    try:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            async with shop.database.read() as session:
                orders = await session.scalar(select(func.count()).select_from(Order)) or 0
                handled = await session.scalar(select(func.count()).select_from(InboxMessage)) or 0
                parked = await session.scalar(select(func.count()).select_from(DeadLetter)) or 0
                chosen = Variant.id.in_(products)
                in_stock = select(func.count()).where(chosen, Variant.stock_quantity != 0)
                left = await session.scalar(in_stock) or 0
            if handled + parked >= messages or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
        faults = [f"{left} products have no buyer"] if left else []
        if orders != bought:
            faults.append(f"{orders} orders of {bought} units")
        if handled + parked != messages:
            faults.append(f"{handled + parked} of {messages} messages have an outcome")
        return faults
    finally:
        await shop.close()


async def _channel_to_queue(link: AbstractRobustConnection) -> AbstractChannel:
    """Return a channel after the worker has declared the queue: earlier messages are lost."""
    while True:
        channel = await link.channel()
        try:
            await channel.declare_queue("order", passive=True)
        except aio_pika.exceptions.ChannelClosed:
            await asyncio.sleep(0.2)
        else:
            return channel


async def compete(
    settings: Settings,
    ports: Sequence[int],
    buyer: UUID,
    products: Sequence[UUID],
    *,
    has_variants: bool,
) -> Crowd:
    """Send eight orders for every product, with some products at the same time."""
    places = asyncio.Semaphore(_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        link = None
        if settings.rabbitmq_host is not None:
            link = await aio_pika.connect_robust(
                host=settings.rabbitmq_host,
                port=settings.rabbitmq_port,
                login=settings.rabbitmq_user,
                password=settings.rabbitmq_password.get_secret_value(),
                virtualhost=settings.rabbitmq_vhost,
            )
        named_by = "variant_id" if has_variants else "product_id"
        crowd = Crowd(ports, None if link is None else await _channel_to_queue(link), named_by)

        async def buy(product_id: UUID) -> None:
            async with places:
                await crowd.buy(buyer, product_id)

        for each in products:
            group.create_task(buy(each))
    if link is not None:
        await link.close()
    return crowd


def run(
    settings: Settings, processes: int, arguments: argparse.Namespace, console: Console
) -> list[str]:
    """Run all rounds over one database; return the faults."""
    buyer, products = asyncio.run(fill_shelves(settings, has_variants=arguments.variants))
    faults: list[str] = []
    messages = 0
    with ExitStack() as stack:
        served = [
            stack.enter_context(serving(settings, settings.data_dir, by_python=True))
            for _ in range(processes)
        ]
        if settings.rabbitmq_host is not None:
            stack.enter_context(worker_of(settings))
        ports = [each.port for each in served]
        for begun in range(0, arguments.rounds, len(products)):
            chosen = products[: arguments.rounds - begun]
            asyncio.run(put(settings, chosen, 1))
            crowd = asyncio.run(
                compete(settings, ports, buyer, chosen, has_variants=arguments.variants)
            )
            bought = begun + len(chosen)
            messages += crowd.placed_later
            messages += len(chosen) if settings.rabbitmq_host is not None else 0
            console.print(
                f"{bought} products, the last answers: {dict(crowd.statuses)}, "
                f"{crowd.repeated} messages repeated"
            )
            faults += asyncio.run(verdict(settings, products, bought, messages))
    return faults


def main() -> None:
    """Compete over both databases, and print the faults."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.orders.last_units", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=1_000, help="products (%(default)s)")
    parser.add_argument(
        "--variants", action="store_true", help="order additional variants of the products"
    )
    arguments = parser.parse_args()
    console, faults = Console(), []
    quiet = {"rate_limit_per_minute": 0}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres, rabbitmq = start_postgres(), start_rabbitmq()
        stack.enter_context(postgres)
        stack.enter_context(rabbitmq)
        postgres.create_database("units")
        brokered = settings_of(postgres, rabbitmq, "units", data_dir=folder / "postgres", **quiet)
        alone = sqlite_settings(folder / "sqlite", **quiet)
        for settings, processes in ((brokered, 2), (alone, 1)):
            settings.data_dir.mkdir()
            faults += run(settings, processes, arguments, console)
    end_with(faults)


if __name__ == "__main__":
    main()
