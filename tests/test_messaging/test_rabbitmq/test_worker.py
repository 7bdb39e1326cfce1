"""The worker process over a real broker: it declares queues, applies, announces and parks."""

import asyncio
import json
from collections import defaultdict
from typing import Any
from uuid import UUID

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractChannel, AbstractQueue
from sqlalchemy import update

from app.core.queues import EVENTS_EXCHANGE
from app.models import OutboxMessage
from app.wiring.areas.messaging import provide_outbox
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import assert_conserved, every, stock_of
from tests.test_messaging.deliveries import (
    PRODUCT,
    applied_in,
    assert_balanced,
    change,
    codes_of,
    letters_of,
    message,
    move,
    names_in,
    order,
    postponed_in,
)
from tests.test_messaging.test_rabbitmq.foreign import producer
from tests.test_messaging.workers import (
    QUEUES,
    Stand,
    drain,
    publish,
    publish_all,
    until,
)

COMMAND_QUEUES = ("product", "product_update", "order", "order_update")


@pytest.fixture(name="stand")
def stand_of_this_module(worked_stand: Stand) -> Stand:
    """A shop with a broker and a worker that all tests of this module share."""
    return worked_stand


async def test_a_worker_declares_its_queues_and_exchanges(stand: Stand) -> None:
    for queue in COMMAND_QUEUES:
        arguments = {
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"{queue}.returned",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            "x-delivery-limit": 10_000,
        }
        await check_declared(stand, queue, arguments)
        arguments = {"x-queue-type": "quorum", "x-delivery-limit": 2**31 - 1}
        await check_declared(stand, f"{queue}.returned", arguments)
    for queue in ("report", *(f"{each}.dlq" for each in COMMAND_QUEUES)):
        await check_declared(stand, queue, {"x-queue-type": "quorum"})
    async with stand.channel() as channel:
        await channel.declare_exchange(EVENTS_EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    assert len(QUEUES) == 16


async def check_declared(stand: Stand, queue: str, arguments: dict[str, Any]) -> None:
    """Assert that a queue has exactly these arguments: the broker refuses any others."""
    async with stand.channel() as channel:
        await channel.declare_queue(queue, durable=True, arguments=arguments)
        with pytest.raises(aio_pika.exceptions.ChannelPreconditionFailed):
            await channel.declare_queue(
                queue, durable=True, arguments=arguments | {"x-max-length": 1}
            )


async def test_commands_on_all_queues_are_applied(stand: Stand) -> None:
    user, product = await create_user(stand.client), await create_product(stand.client)
    placed = await place_order(stand.client, user["id"], {product["id"]: 1})
    async with stand.channel() as channel:
        for queue, data in (
            ("product", PRODUCT),
            ("product_update", change(product, name="By message")),
            ("order", order(user, product, 3)),
            ("order_update", move(placed["id"], "paid")),
        ):
            await publish(channel, queue, data, "same id")
            await publish(channel, queue, data, "same id")
    await until(lambda: applied_in(stand.shop), ["same id"] * 4)
    assert sorted(each["name"] for each in await every(stand.client, "/products")) == [
        "By message",
        "Tea",
    ]
    assert await stock_of(stand.client, product["id"]) == 6
    assert (await stand.client.get(f"/orders/{placed['id']}")).json()["status"] == "paid"
    assert await codes_of(stand.shop) == []
    await assert_conserved(stand.client, [product["id"]])


async def test_a_product_published_without_any_property_is_created(stand: Stand) -> None:
    with producer(stand.settings) as foreign:
        foreign.publish("product", json.dumps(PRODUCT).encode())
    await until(lambda: names_in(stand.client), ["Tea"])
    (message_id,) = await applied_in(stand.shop)
    assert message_id.startswith("unnamed-")


async def test_a_message_with_a_nul_byte_in_its_id_is_applied(stand: Stand) -> None:
    async with stand.channel() as channel:
        await publish(channel, "product", PRODUCT, "a\0b")
        await publish(channel, "product", b"?", "c\0d")
        await publish(channel, "product", PRODUCT | {"sku": "B", "name": "B"}, "e")
    await until(lambda: names_in(stand.client), ["B", "Tea"])
    await until(lambda: codes_of(stand.shop), ["invalid-input"])
    assert await applied_in(stand.shop) == ["a\\0b", "e"]


async def listening(channel: AbstractChannel) -> AbstractQueue:
    """Bind a queue to all events of the shop."""
    queue = await channel.declare_queue(exclusive=True)
    await queue.bind(EVENTS_EXCHANGE, "#")
    return queue


async def test_events_of_a_subject_are_sent_in_the_order_of_their_commits(stand: Stand) -> None:
    client = stand.client
    async with stand.channel() as channel:
        queue = await listening(channel)
        user = await create_user(client)
        products = [await create_product(client, stock_quantity=20) for _ in range(2)]
        await asyncio.gather(
            *(live(client, user, products[number % 2]) for number in range(20)),
            *(
                client.patch(f"/products/{products[0]['id']}", json={"name": f"No. {number}"})
                for number in range(20)
            ),
            sell_out(client, user),
        )
        # Of the last product: added, sold out; of each order: placed, two moves.
        messages = await drain(queue, 2 + 20 + 2 + 20 * 3 + 1)
    check_order(messages)
    assert await postponed_in(stand.shop) == []


async def live(client: httpx.AsyncClient, user: dict[str, Any], product: dict[str, Any]) -> None:
    """Place an order and change its status."""
    placed = await place_order(client, user["id"], {product["id"]: 1})
    for status in ("paid", "cancelled"):
        moved = await client.patch(f"/orders/{placed['id']}", json={"status": status})
        assert moved.status_code == 200, moved.text


async def sell_out(client: httpx.AsyncClient, user: dict[str, Any]) -> None:
    """Add a product and sell all of it."""
    product = await create_product(client, sku="LAST", stock_quantity=2)
    await place_order(client, user["id"], {product["id"]: 2})


def check_order(messages: list[Any]) -> None:
    """Assert that each subject's events have ascending versions and the expected content."""
    told: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for each in messages:
        body = json.loads(each.body)
        data, event = body["data"], body["event"]
        assert (each.routing_key, each.message_id) == (event, body["id"])
        assert each.content_type == "application/json"
        assert UUID(body["id"]).version == 7 and body["occurred_at"].endswith("Z")
        subject = data.get("id") or data.get("order_id") or data["product_id"]
        told[subject].append((event, data.get("version", 0)))
    kinds = sorted(tuple(events) for events in told.values())
    moves = [("order.placed", 1), ("order.status_changed", 2), ("order.status_changed", 3)]
    changes = [("product.changed", version) for version in range(2, 22)]
    assert kinds == sorted(
        [tuple(moves)] * 20
        + [(("order.placed", 1),)]
        + [(("product.created", 1), *changes)]
        + [(("product.created", 1),)]
        + [(("product.created", 1), ("product.out_of_stock", 0))]
    )


async def test_a_dead_letter_has_a_copy_on_the_broker_with_its_reason(stand: Stand) -> None:
    user, product = await create_user(stand.client), await create_product(stand.client)
    async with stand.channel() as channel:
        await publish(channel, "order", order(user, product, 11), "too many")
        await publish(channel, "product", b'{"sku": "\xff"}', "binary")
        for queue, message_id, headers in (
            (
                "order",
                "too many",
                {
                    "x-queue": "order",
                    "x-error-code": "insufficient-stock",
                    "x-error": f"{product['name']}: 11 asked for, 10 in stock",
                    "x-attempt": 1,
                },
            ),
            (
                "product",
                "binary",
                {
                    "x-queue": "product",
                    "x-error-code": "invalid-input",
                    "x-error": "the body is not valid UTF-8",
                    "x-attempt": 1,
                },
            ),
        ):
            dead = await channel.get_queue(f"{queue}.dlq")
            (copy,) = await drain(dead, 1)
            # The broker adds its own count.
            given = {name: copy.headers[name] for name in headers}
            assert (copy.message_id, given) == (message_id, headers)
        assert copy.body == b'{"sku": "\xff"}'
    assert sorted(await codes_of(stand.shop)) == ["insufficient-stock", "invalid-input"]


async def test_updates_that_arrive_before_their_order_are_applied_in_order_after_it(
    stand: Stand,
) -> None:
    user, product = await create_user(stand.client), await create_product(stand.client)
    chosen = "0199a1b2-7c00-7d00-8e00-000000000042"
    async with stand.channel() as channel:
        await publish(channel, "order_update", move(chosen, "paid"), "first")
        await until(lambda: waiting_ids_in(stand), ["first"])
        await publish(channel, "order", order(user, product, id=chosen), "order")
        await publish(channel, "order_update", move(chosen, "shipped"), "second")
    await until(lambda: applied_in(stand.shop), ["order", "first", "second"])
    assert (await stand.client.get(f"/orders/{chosen}")).json()["status"] == "shipped"
    assert await letters_of(stand.shop) == []


async def waiting_ids_in(stand: Stand) -> list[str]:
    """Return the ids of the messages that wait for their subject."""
    return [each.message_id for each in await postponed_in(stand.shop) if each.awaits]


async def test_a_command_over_http_is_sent_through_the_broker(stand: Stand) -> None:
    user, product = await create_user(stand.client), await create_product(stand.client)
    headers = {"Prefer": "respond-async, wait=20"}
    answer = await stand.client.post("/orders", json=order(user, product), headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json() == (await stand.client.get(f"/orders/{answer.json()['id']}")).json()


async def test_a_queue_deleted_at_run_time_is_declared_again_and_consumed(stand: Stand) -> None:
    user, product = await create_user(stand.client), await create_product(stand.client)
    for sold in (1, 2):
        async with stand.channel() as channel:
            await channel.queue_delete("order")
        await until(lambda: stand.consumers_of("order"), 1)
        async with stand.channel() as channel:
            await publish(channel, "order", order(user, product))
        await until(lambda: stock_of(stand.client, product["id"]), 10 - sold)


async def waiting_in(stand: Stand) -> int:
    """Return the number of messages in the outbox."""
    return len(await postponed_in(stand.shop))


async def put_off_in(stand: Stand) -> int:
    """Return the number of messages in the outbox that are not due yet."""
    now = stand.shop.clock.now()
    return sum(each.due_at > now for each in await postponed_in(stand.shop))


async def make_all_due(stand: Stand) -> None:
    """Make every message in the outbox due."""
    async with stand.shop.database.write() as session:
        await session.execute(update(OutboxMessage).values(due_at=OutboxMessage.created_at))


async def test_messages_for_a_missing_queue_do_not_delay_others(stand: Stand) -> None:
    async with stand.channel() as channel:
        events = await listening(channel)
        await channel.queue_delete("report")
        async with stand.shop.database.write() as session:
            for number in range(250):
                outbox = provide_outbox(session, stand.shop)
                await outbox.enqueue("report", f"report {number}", b"{}")
        await create_product(stand.client)
        (event,) = await drain(events, 1)
        assert event.routing_key == "product.created"
        await until(lambda: waiting_in(stand), 250)
        await until(lambda: put_off_in(stand), 250)
        reports = await channel.declare_queue(
            "report", durable=True, arguments={"x-queue-type": "quorum"}
        )
        await make_all_due(stand)
        taken = await drain(reports, 250)
    assert {each.message_id for each in taken} == {f"report {each}" for each in range(250)}
    await until(lambda: postponed_in(stand.shop), [])


async def test_invalid_messages_do_not_delay_a_thousand_valid_ones_over_the_broker(
    stand: Stand,
) -> None:
    user = await create_user(stand.client)
    product = await create_product(stand.client, stock_quantity=1_000)
    documents: list[Any] = [order(user, product) for _ in range(1_000)]
    for place in range(0, 1_000, 50):
        documents.insert(place, message("order", b"[" * 5_000).body)
    async with stand.channel() as channel:
        await publish_all(channel, "order", documents)
    await until(lambda: stock_of(stand.client, product["id"]), 0)
    await until(lambda: codes_of(stand.shop), ["invalid-input"] * 20)
    await assert_balanced(stand.shop, product["id"])
