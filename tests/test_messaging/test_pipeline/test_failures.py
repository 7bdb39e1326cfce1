"""Failed messages are retried, and a message that kills a process does not affect others."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Unavailable
from app.messaging import pipeline, settle
from app.messaging.commands import COMMANDS, Handler, Services
from app.messaging.delivery import Delivery
from app.messaging.pipeline import Pipeline
from app.messaging.retries import MAX_ATTEMPTS
from app.schemas.base import Schema
from app.security.principal import Caller
from app.wiring.resources import Shop
from tests.conftest import client_of, postgres_settings, running
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import assert_conserved, every, stock_of
from tests.support.servers import start_postgres
from tests.test_messaging.deliveries import (
    PRODUCT,
    applied_in,
    change,
    codes_of,
    letters_of,
    message,
    move,
    names_in,
    order,
    postponed_in,
    product_of,
    suspects_in,
    take_postponed,
)

FAULT = "cursed"


@pytest.fixture(name="cursed")
def cursed_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the handler of products raise an unexpected error for a marked product."""
    handle = COMMANDS["product"].handle

    async def fail(services: Services, caller: Caller, data: Any) -> Schema:
        shown = await handle(services, caller, data)
        if data.name == FAULT:
            raise ZeroDivisionError("a fault of the handler")
        return shown

    replace_handler(monkeypatch, "product", fail)


def replace_handler(monkeypatch: pytest.MonkeyPatch, queue: str, handler: Handler) -> None:
    """Replace the handler of a queue by another one, which handles commands one by one."""
    command = replace(COMMANDS[queue], handle=handler, handle_many=None)
    monkeypatch.setitem(COMMANDS, queue, command)


def products(*skus: str) -> list[Delivery]:
    """Return messages of new products, one of which makes the handler fail."""
    return [
        message("product", PRODUCT | {"sku": sku, "name": sku}, f"product {sku}") for sku in skus
    ]


@pytest.mark.usefixtures("cursed")
async def test_an_error_fails_only_its_own_message(client: httpx.AsyncClient, shop: Shop) -> None:
    await Pipeline(shop).process(products("a", FAULT, "b"))
    assert await names_in(client) == ["a", "b"]
    assert await letters_of(shop) == []
    (row,) = await postponed_in(shop)
    assert (row.exchange, row.routing_key, row.message_id) == ("", "product", f"product {FAULT}")
    assert (row.attempts, row.due_at - row.created_at) == (1, timedelta(seconds=1))
    assert sorted(await applied_in(shop)) == ["product a", "product b"]


async def test_a_message_that_is_refused_as_unavailable_is_tried_again_and_not_parked(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, answers = COMMANDS["product"].handle, [Unavailable("a service does not answer")]

    async def refuse_once(services: Services, caller: Caller, data: Any) -> Any:
        return answers.pop() if answers else await handle(services, caller, data)

    replace_handler(monkeypatch, "product", refuse_once)
    await Pipeline(shop).process(products("a"))
    assert (await names_in(client), await applied_in(shop)) == (["a"], ["product a"])
    assert (await letters_of(shop), await postponed_in(shop), answers) == ([], [], [])


@pytest.mark.usefixtures("cursed")
async def test_after_eight_attempts_with_growing_delay_a_message_is_parked(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    delays = []
    deliveries = products(FAULT)
    while deliveries:
        await Pipeline(shop).process(deliveries)
        delays += [
            ((row.due_at - row.created_at).total_seconds(), row.attempts)
            for row in await postponed_in(shop)
        ]
        deliveries = await take_postponed(shop)
    assert delays == [(2.0**each, each + 1) for each in range(MAX_ATTEMPTS - 1)]
    assert await letters_of(shop) == [
        ("product", "handler-failed", "it failed 8 times, with ZeroDivisionError the last time", 8)
    ]
    assert await every(client, "/products") == [] and await applied_in(shop) == []


@pytest.mark.usefixtures("cursed")
async def test_no_delay_is_longer_than_five_minutes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "MAX_ATTEMPTS", 30)
    await Pipeline(shop).process([replace(each, attempts=20) for each in products(FAULT)])
    (row,) = await postponed_in(shop)
    assert row.due_at - row.created_at == timedelta(minutes=5)


@pytest.mark.usefixtures("cursed")
async def test_an_operation_shows_its_attempts_and_its_failure(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    data, headers = PRODUCT | {"name": FAULT}, {"Prefer": "respond-async"}
    accepted = await client.post("/products", json=data, headers=headers)
    place = f"http://shop.test{accepted.headers['Location']}"
    seen = []
    while deliveries := await take_postponed(shop):
        await Pipeline(shop).process(deliveries)
        shown = (await client.get(place)).json()
        seen.append((shown["state"], shown["attempts"]))
    assert seen == [("running", each) for each in range(1, 8)] + [("failed", 7)]
    assert shown["problem"] == {
        "type": "urn:problem:handler-failed",
        "title": "An internal error occurred",
        "status": 500,
        "detail": "it failed 8 times, with ZeroDivisionError the last time",
    }


async def test_a_message_that_kills_its_process_is_parked_at_its_fourth_start_and_no_other(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = COMMANDS["product"].handle

    async def die(services: Services, caller: Caller, data: Any) -> Schema:
        if data.name == FAULT:
            # SystemExit is like a crash: no exception handler of the shop catches it.
            raise SystemExit
        return await handle(services, caller, data)

    replace_handler(monkeypatch, "product", die)
    batch = products("a", FAULT, "b")
    for count in (0, 1):
        with pytest.raises(SystemExit):
            await Pipeline(shop).process([replace(each, delivery_count=count) for each in batch])
        assert await names_in(client) == [] and await suspects_in(shop) == []
    for starts in (1, 2, 3):
        with pytest.raises(SystemExit):
            await Pipeline(shop).process(
                [replace(each, delivery_count=starts + 1) for each in batch]
            )
        assert await names_in(client) == ["a"]
        assert await suspects_in(shop) == [(f"product {FAULT}", starts)]
    await Pipeline(shop).process([replace(each, delivery_count=5) for each in batch])
    assert await names_in(client) == ["a", "b"] and await suspects_in(shop) == []
    assert await letters_of(shop) == [
        ("product", "deadly", "the process that started it died 3 times", 4)
    ]


async def test_a_suspect_without_an_id_is_known_by_its_body(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> Schema:
        raise SystemExit

    with monkeypatch.context() as patch:
        replace_handler(patch, "product", die)
        for _ in range(3):
            with pytest.raises(SystemExit):
                await Pipeline(shop).process([message("product", PRODUCT, None, delivery_count=2)])
    ((_, starts),) = await suspects_in(shop)
    assert starts == 3
    other = message("product", PRODUCT | {"sku": "B"}, None, delivery_count=9)
    await Pipeline(shop).process([other, message("product", PRODUCT, None, delivery_count=5)])
    assert [each["sku"] for each in await every(client, "/products")] == ["B"]
    assert await codes_of(shop) == ["deadly"]
    assert await suspects_in(shop) == []


async def test_an_outage_does_not_count_as_a_crash_of_a_process(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_HOLD_SECONDS", (0.01, 0.02))
    handle, tries = COMMANDS["product"].handle, 0

    async def be_away(services: Services, caller: Caller, data: Any) -> Schema:
        nonlocal tries
        tries += 1
        if tries < 8:
            raise Unavailable("the database does not answer, try again")
        return await handle(services, caller, data)

    replace_handler(monkeypatch, "product", be_away)
    await Pipeline(shop).process([message("product", PRODUCT, delivery_count=2)])
    assert (tries, await names_in(client)) == (8, ["Tea"])
    assert await letters_of(shop) == [] and await suspects_in(shop) == []


@contextmanager
def lost_answers(count: int) -> Iterator[None]:
    """Make a number of commits succeed without a response."""
    commit, left = AsyncSession.commit, count

    async def lose(session: AsyncSession) -> None:
        nonlocal left
        await commit(session)
        left -= 1
        if left >= 0:
            raise ConnectionResetError("the connection was lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncSession, "commit", lose)
        yield


@pytest.mark.parametrize("message_id", ["one", None])
async def test_a_commit_whose_response_was_lost_is_not_made_twice(
    client: httpx.AsyncClient, shop: Shop, message_id: str | None
) -> None:
    user, product = await create_user(client), await create_product(client)
    with lost_answers(2):
        await Pipeline(shop).process([message("order", order(user, product, 3), message_id)])
    assert await stock_of(client, product["id"]) == 7
    assert len(await applied_in(shop)) == 1


async def test_messages_are_held_during_an_outage_of_the_database_and_applied_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "_HOLD_SECONDS", (0.01, 0.02))
    with start_postgres() as server:
        server.create_database("held")
        settings = postgres_settings(server, "held")
        async with (
            running(with_routes_of(Shop(settings), WITH_ORDERS)) as app,
            client_of(app) as client,
        ):
            shop: Shop = app.state.shop
            await check_that_they_are_held(client, shop, server)


async def check_that_they_are_held(client: httpx.AsyncClient, shop: Shop, server: Any) -> None:
    """Stop the database during a batch, restart it, and assert that the batch is applied once."""

    user, product = await create_user(client), await create_product(client, stock_quantity=100)
    placed = await place_order(client, user["id"], {product["id"]: 1})
    batches = [
        [message("order", order(user, product)) for _ in range(20)],
        [message("product_update", change(product, name="Back"), delivery_count=3)],
        [message("order_update", move(placed["id"], "paid"), None)],
        [message("product", b"?")],
    ]
    server.stop()
    held = [asyncio.create_task(Pipeline(shop).process(each)) for each in batches]
    done, _ = await asyncio.wait(held, timeout=0.3)
    assert done == set()
    server.start()
    await asyncio.wait_for(asyncio.gather(*held), 40)
    assert await stock_of(client, product["id"]) == 79
    assert (await product_of(client, product))["name"] == "Back"
    assert (await client.get(f"/orders/{placed['id']}")).json()["status"] == "paid"
    assert await codes_of(shop) == ["invalid-input"]
    await assert_conserved(client, [product["id"]])
