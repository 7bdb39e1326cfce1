"""Messages that the broker removes from a queue are applied, or parked with their reason."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from sqlalchemy import text

from app import rabbitmq_consumer
from app.messaging.rabbitmq.queues import RETURNED_ARGUMENTS, command_arguments
from app.rabbitmq_consumer import Worker
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import assert_conserved, stock_of
from tests.support.servers.relay import Relay
from tests.test_messaging.deliveries import applied_in, letters_of, move, order
from tests.test_messaging.test_rabbitmq.foreign import producer
from tests.test_messaging.workers import Stand, applied_count, publish, publish_all, until


async def declare_short(channel: AbstractChannel, queue: str) -> None:
    """Declare a command queue with a delivery limit: the second delivery returns its messages."""
    await channel.declare_queue(f"{queue}.returned", durable=True, arguments=RETURNED_ARGUMENTS)
    arguments = command_arguments(queue) | {"x-delivery-limit": 1}
    await channel.declare_queue(queue, durable=True, arguments=arguments)


async def take_and_return(channel: AbstractChannel, queue: str, count: int) -> None:
    """Reject messages like a consumer that crashes, until the broker returns them."""
    source = await channel.get_queue(queue)
    for _ in range(2):
        for _ in range(count):
            message = await source.get(timeout=20)
            await message.nack(requeue=True)
    await until(lambda: depth_of(channel, f"{queue}.returned"), count)


async def depth_of(channel: AbstractChannel, queue: str) -> int:
    """Return the number of messages on a queue."""
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0


async def test_messages_that_were_delivered_too_often_are_applied_once(stand: Stand) -> None:
    user = await create_user(stand.client)
    product = await create_product(stand.client, stock_quantity=30)
    placed = await place_order(stand.client, user["id"], {product["id"]: 1})
    async with stand.channel() as channel:
        await declare_short(channel, "order")
        await declare_short(channel, "order_update")
        for number in range(10):
            await publish(channel, "order", order(user, product, 1 + number % 2), f"id {number}")
        publish_unnamed(stand, "order", order(user, product, 3))
        await take_and_return(channel, "order", 11)
        await publish(channel, "order_update", move(placed["id"], "paid"))
        await take_and_return(channel, "order_update", 1)
        with stand.worker() as worker:
            await until(lambda: applied_count(stand), 12)
            assert await depth_of(channel, "order.returned") == 0
            assert worker.poll() is None
    assert await letters_of(stand.shop) == []
    assert await stock_of(stand.client, product["id"]) == 30 - 1 - 15 - 3
    assert (await stand.client.get(f"/orders/{placed['id']}")).json()["status"] == "paid"
    assert "queue order is used with the arguments that it has" in stand.log


async def test_a_message_that_was_applied_before_it_was_returned_is_not_applied_again(
    stand: Stand,
) -> None:
    user = await create_user(stand.client)
    product = await create_product(stand.client, stock_quantity=30)
    named, unnamed = order(user, product, 1), order(user, product, 2)
    with stand.worker():
        await stand.wait_for_workers()
        async with stand.channel() as channel:
            await publish(channel, "order", named, "known")
            publish_unnamed(stand, "order", unnamed)
            await until(lambda: stock_of(stand.client, product["id"]), 27)
            await publish(channel, "order.returned", named, "known")
            publish_unnamed(stand, "order.returned", unnamed)
            await until(lambda: letters_count(stand), 1)
            await until(lambda: depth_of(channel, "order.returned"), 0)
    ((queue, code, _, _),) = await letters_of(stand.shop)
    assert (queue, code) == ("order", "ambiguous")
    assert await stock_of(stand.client, product["id"]) == 27


def publish_unnamed(stand: Stand, queue: str, document: object) -> None:
    """Publish a message without an id; the library would add one."""
    with producer(stand.settings) as foreign:
        foreign.publish(queue, json.dumps(document).encode())


async def letters_count(stand: Stand) -> int:
    """Return the number of dead letters."""
    return len(await letters_of(stand.shop))


async def test_an_expired_message_is_parked_and_one_that_another_consumer_rejected_is_applied(
    stand: Stand,
) -> None:
    user, product = await create_user(stand.client), await create_product(stand.client)
    with stand.worker():
        await stand.wait_for_workers()
    async with stand.channel() as channel:
        late = aio_pika.Message(b"{}", expiration=0.05, message_id="late", delivery_mode=2)
        await channel.default_exchange.publish(late, "order")
        await until(lambda: depth_of(channel, "order.returned"), 1)
        await publish(channel, "order", order(user, product), "rejected")
        message = await (await channel.get_queue("order")).get(timeout=20)
        await message.reject(requeue=False)
        await until(lambda: depth_of(channel, "order.returned"), 2)
        with stand.worker():
            await until(lambda: applied_in(stand.shop), ["rejected"])
            await until(lambda: letters_count(stand), 1)
    assert await letters_of(stand.shop) == [
        ("order", "expired", "it waited on its queue longer than allowed", 1)
    ]
    assert await stock_of(stand.client, product["id"]) == 9


@asynccontextmanager
async def working(shop: Shop) -> AsyncIterator[Worker]:
    """Run a worker in this process, with a very short pause between two connections."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rabbitmq_consumer, "_RECONNECT_SECONDS", 0.02)
        worker = Worker(shop)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await asyncio.wait_for(task, 30)


async def test_lost_connections_while_the_database_is_locked_lose_no_order(stand: Stand) -> None:
    user = await create_user(stand.client)
    product = await create_product(stand.client, stock_quantity=200)
    with stand.worker():
        await stand.wait_for_workers()
    async with stand.channel() as channel:
        await publish_all(channel, "order", [order(user, product)] * 200)
    async with Relay(stand.server.host, stand.server.port) as way:
        shop = Shop(stand.settings.model_copy(update={"rabbitmq_port": way.port}))
        try:
            async with working(shop) as worker:
                async with stand.shop.database.write() as session:
                    await session.execute(text("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"))
                    for _ in range(24):
                        await until(lambda: problem_of(worker), None)
                        await way.cut()
                        await until(lambda: problem_of(worker), "RabbitMQ is unavailable")
                        await way.open()
                await until(lambda: stock_of(stand.client, product["id"]), 0)
        finally:
            await shop.close()
    assert await letters_of(stand.shop) == []
    await assert_conserved(stand.client, [product["id"]])


async def problem_of(worker: Worker) -> Any:
    """Return the health that a worker reports."""
    return worker.problem()
