"""Workers that stop, crash or run in parallel, and outages: no message is lost or doubled."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractQueue

from app.core.queues import EVENTS_EXCHANGE
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import every, stock_of
from tests.test_messaging.deliveries import (
    PRODUCT,
    assert_balanced,
    letters_of,
    order,
    postponed_in,
    suspects_in,
)
from tests.test_messaging.workers import (
    QUEUES,
    WAIT_SECONDS,
    Stand,
    applied_count,
    drain,
    ended,
    publish,
    publish_all,
    until,
)

# A worker whose handler of products kills the process for a marked one.
DEADLY = """
import os
from msgspec.structs import replace
from app import rabbitmq_consumer
from app.messaging.commands import COMMANDS

command = COMMANDS["product"]

async def die(services, caller, data):
    if data.name == "deadly":
        os._exit(9)
    return await command.handle(services, caller, data)

COMMANDS["product"] = replace(command, handle=die)
rabbitmq_consumer.main()
"""
# A worker that records the number of messages in each batch.
NOTING = """
import os
from app import rabbitmq_consumer
from app.messaging.pipeline import Pipeline

process = Pipeline.process

async def note(self, deliveries):
    with open(f"{os.environ['NOTES']}/{os.getpid()}", "a") as notes:
        notes.write(f"{len(deliveries)}\\n")
    await process(self, deliveries)

Pipeline.process = note
rabbitmq_consumer.main()
"""


async def listener(channel: AbstractChannel) -> AbstractQueue:
    """Declare a durable queue for events."""
    await channel.declare_exchange(EVENTS_EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    queue = await channel.declare_queue("listener", durable=True)
    await queue.bind(EVENTS_EXCHANGE, "order.#")
    await queue.purge()
    return queue


async def orders_for(stand: Stand, count: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a product, and orders for all of it."""
    user = await create_user(stand.client)
    product = await create_product(stand.client, stock_quantity=count)
    return product, [order(user, product) for _ in range(count)]


async def test_orders_placed_while_the_broker_is_down_are_announced_afterwards(
    stand: Stand,
) -> None:
    user, product = await create_user(stand.client), await create_product(stand.client)
    with stand.worker() as worker:
        await stand.wait_for_workers()
        async with stand.channel() as channel:
            await listener(channel)
        for queue in QUEUES:
            await asyncio.to_thread(stand.server.wait_until_on_disk, queue)
        stand.server.stop()
        try:
            placed = [
                await place_order(stand.client, user["id"], {product["id"]: 1}) for _ in range(10)
            ]
        finally:
            stand.server.start()
        async with stand.channel() as channel:
            events = await drain(await channel.get_queue("listener"), 10)
            await channel.queue_delete("listener")
        await until(lambda: postponed_in(stand.shop), [])
        await stand.wait_for_workers()
        assert worker.poll() is None
    assert {each.routing_key for each in events} == {"order.placed"}
    assert all(any(one["id"].encode() in each.body for each in events) for one in placed)


async def test_a_frozen_broker_delays_neither_responses_nor_the_end(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, product = await create_user(stand.client), await create_product(stand.client)
    with stand.worker(by_python=True) as worker:
        await stand.wait_for_workers()
        stand.server.pause()
        asked: list[object] = []

        async def ask(*arguments: object, **_options: object) -> None:
            asked.append(arguments)
            raise ConnectionRefusedError

        try:
            with monkeypatch.context() as patch:
                patch.setattr(aio_pika, "connect", ask)
                for _ in range(10):
                    await place_order(stand.client, user["id"], {product["id"]: 1})
            # The web process opens no connection to the broker, so no answer can wait for it.
            assert not asked
            assert await ended(worker, 30) == 0
        finally:
            stand.server.resume()
    assert len(await every(stand.client, "/orders")) == 10
    waiting = [each.routing_key for each in await postponed_in(stand.shop)]
    assert waiting.count("order.placed") == 10


async def test_a_worker_that_stops_during_its_work_loses_and_doubles_nothing(stand: Stand) -> None:
    product, documents = await orders_for(stand, 1_500)
    with stand.worker() as worker:
        await stand.wait_for_workers()
        async with stand.channel() as channel:
            publishing = asyncio.create_task(publish_all(channel, "order", documents))
            while await applied_count(stand) == 0:
                await asyncio.sleep(0.01)
            assert await ended(worker, 30) == 0
            await publishing
    assert 0 < await applied_count(stand) < 1_500
    with stand.worker():
        await until(lambda: applied_count(stand), 1_500)
    assert await stock_of(stand.client, product["id"]) == 0
    assert len(await every(stand.client, "/orders")) == 1_500
    assert await letters_of(stand.shop) == []


async def test_a_worker_that_is_killed_during_its_work_loses_and_doubles_nothing(
    stand: Stand,
) -> None:
    product, documents = await orders_for(stand, 1_000)
    await stand.declare()
    async with stand.channel() as channel:
        await publish_all(channel, "order", documents)
    for _ in range(3):
        with stand.worker() as worker:
            before = await applied_count(stand)
            while await applied_count(stand) == before < 1_000:
                await asyncio.sleep(0.01)
            worker.send_signal(signal.SIGKILL)
    with stand.worker():
        await until(lambda: applied_count(stand), 1_000)
    assert await stock_of(stand.client, product["id"]) == 0
    assert len(await every(stand.client, "/orders")) == 1_000
    await assert_balanced(stand.shop, product["id"])


async def test_two_workers_share_the_work(stand: Stand, tmp_path: Path) -> None:
    product, documents = await orders_for(stand, 1_500)
    (tmp_path / "noting.py").write_text(NOTING, "utf-8")
    notes = tmp_path / "notes"
    notes.mkdir()
    os.environ["NOTES"] = str(notes)
    try:
        with stand.worker(str(tmp_path / "noting.py")), stand.worker(str(tmp_path / "noting.py")):
            await stand.wait_for_workers(2)
            async with stand.channel() as channel:
                await publish_all(channel, "order", documents)
            await until(lambda: applied_count(stand), 1_500)
    finally:
        del os.environ["NOTES"]
    shares = [sum(map(int, each.read_text("utf-8").split())) for each in notes.iterdir()]
    assert len(shares) == 2 and sum(shares) == 1_500 and min(shares) > 150
    await assert_balanced(stand.shop, product["id"])


async def test_a_message_that_kills_its_worker_does_not_affect_other_messages(
    stand: Stand, tmp_path: Path
) -> None:
    (tmp_path / "deadly.py").write_text(DEADLY, "utf-8")
    user, product = await create_user(stand.client), await create_product(stand.client)
    names = [f"good {number}" for number in range(30)]
    names.insert(15, "deadly")
    await stand.declare()
    async with stand.channel() as channel:
        for name in names:
            await publish(
                channel, "product", PRODUCT | {"sku": name.replace(" ", "-"), "name": name}, name
            )
        await publish_all(channel, "order", [order(user, product)] * 5)
    deaths = await deaths_until_it_is_parked(stand, tmp_path / "deadly.py")
    assert 3 < deaths < 10
    products = {each["name"] for each in await every(stand.client, "/products")}
    assert products == set(names) - {"deadly"} | {product["name"]}
    assert await stock_of(stand.client, product["id"]) == 5
    assert await letters_of(stand.shop) == [
        ("product", "deadly", "the process that started it died 3 times", 4)
    ]
    assert await suspects_in(stand.shop) == []
    async with stand.channel() as channel:
        (copy,) = await drain(await channel.get_queue("product.dlq"), 1)
        assert (copy.message_id, copy.headers["x-error-code"]) == ("deadly", "deadly")


async def deaths_until_it_is_parked(stand: Stand, program: Path) -> int:
    """Start a new worker after each crash, until one survives; return the number of crashes."""
    deadline = time.monotonic() + WAIT_SECONDS
    for deaths in range(12):
        with stand.worker(str(program)) as worker:
            while worker.poll() is None:
                if await applied_count(stand) == 35 and not await postponed_in(stand.shop):
                    if await letters_of(stand.shop):
                        return deaths
                assert time.monotonic() < deadline, (
                    await applied_count(stand),
                    await letters_of(stand.shop),
                    await suspects_in(stand.shop),
                    stand.log,
                )
                await asyncio.sleep(0.1)
            assert worker.returncode == 9, stand.log
    raise AssertionError(stand.log)
