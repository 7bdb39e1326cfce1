"""A message whose handler fails affects other messages as little as possible."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from app.messaging.commands import COMMANDS, Outcome, Services
from app.messaging.delivery import Delivery
from app.messaging.pipeline import Pipeline
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.ledger import assert_conserved, every, stock_of
from tests.test_messaging.deliveries import (
    applied_in,
    letters_of,
    message,
    order,
    postponed_in,
    take_postponed,
)

Groups = list[list[int]]
"""The quantities of the orders that were handled together, each time."""


@pytest.fixture(name="handled")
def handled_groups(monkeypatch: pytest.MonkeyPatch) -> Groups:
    """Make orders of 7 units fail after all were placed, and record the handled groups."""
    command, groups = COMMANDS["order"], Groups()

    async def fail(services: Services, orders: Any) -> list[Outcome]:
        assert command.handle_many is not None
        groups.append([data.items[0].quantity for _, data in orders])
        outcomes = await command.handle_many(services, orders)
        if 7 in groups[-1]:
            # An error in the database leaves a transaction that accepts no further statement.
            await services.session.execute(text("SELECT no_such_column"))
        return outcomes

    monkeypatch.setitem(COMMANDS, "order", replace(command, handle_many=fail))
    return groups


@pytest.fixture(name="ordered")
async def orders_of_one_product(client: httpx.AsyncClient) -> Callable[..., list[Delivery]]:
    """Return a function that creates orders of a product with a stock of 1,000."""
    user, product = await create_user(client), await create_product(client, stock_quantity=1_000)

    def ordered(*quantities: int) -> list[Delivery]:
        return [message("order", order(user, product, each)) for each in quantities]

    return ordered


async def sold(client: httpx.AsyncClient) -> int:
    """Return the number of sold units of the only product."""
    (product,) = await every(client, "/products")
    await assert_conserved(client, [product["id"]])
    return 1_000 - await stock_of(client, product["id"])


async def test_one_failing_message_of_many_is_found_in_few_attempts(
    client: httpx.AsyncClient, shop: Shop, handled: Groups, ordered: Callable[..., list[Delivery]]
) -> None:
    messages = ordered(*[1] * 63, 7, *[1] * 64)
    await Pipeline(shop).process(messages)
    # All of them, then four groups of 32, of 8, of 2, and of 1.
    assert [len(each) for each in handled] == [128, 32, 32, 8, 8, 8, 8, 2, 2, 2, 2, 1, 1, 32, 32]
    assert await sold(client) == 127
    assert await letters_of(shop) == []
    (row,) = await postponed_in(shop)
    assert row.message_id == messages[63].message_id and row.attempts == 1
    assert len(await applied_in(shop)) == 127


async def test_all_failing_messages_are_postponed_and_none_is_applied(
    client: httpx.AsyncClient, shop: Shop, handled: Groups, ordered: Callable[..., list[Delivery]]
) -> None:
    messages = ordered(*[7] * 10)
    await Pipeline(shop).process(messages)
    assert sorted(len(each) for each in handled)[-1] == 10
    assert await sold(client) == 0 and await applied_in(shop) == []
    postponed = await postponed_in(shop)
    assert {row.message_id for row in postponed} == {each.message_id for each in messages}


async def test_messages_that_have_failed_before_are_handled_separately(
    client: httpx.AsyncClient, shop: Shop, handled: Groups, ordered: Callable[..., list[Delivery]]
) -> None:
    await Pipeline(shop).process(ordered(7))
    (tried,) = await take_postponed(shop)
    handled.clear()
    await Pipeline(shop).process([*ordered(1, 1), tried, *ordered(1)])
    assert handled == [[7], [1, 1, 1]]
    assert await sold(client) == 3


async def test_batches_are_smaller_after_failures(
    shop: Shop, handled: Groups, ordered: Callable[..., list[Delivery]]
) -> None:
    pipeline, sizes = Pipeline(shop), []
    for quantities in ([7], [7], [7], [1], [1], [1]):
        await pipeline.process(ordered(*quantities))
        handled.clear()
        # A refusal does not count as a failure.
        if quantities == [1]:
            await pipeline.process(ordered(*[2] * 119, 950))
        sizes.append([len(each) for each in handled])
    assert sizes == [[], [], [], [100, 20], [120], [120]]


@pytest.mark.usefixtures("handled")
async def test_an_operation_succeeds_next_to_one_that_fails(
    client: httpx.AsyncClient, shop: Shop, ordered: Callable[..., list[Delivery]]
) -> None:
    (bad,) = ordered(7)
    user, product = await create_user(client), await create_product(client)
    places = []
    for quantity in (1, 7):
        response = await client.post(
            "/orders", json=order(user, product, quantity), headers={"Prefer": "respond-async"}
        )
        places.append(f"http://shop.test{response.headers['Location']}")
    await Pipeline(shop).process([bad, *await take_postponed(shop)])
    states = [(await client.get(each)).json()["state"] for each in places]
    assert states == ["succeeded", "running"]
    assert await stock_of(client, product["id"]) == 9


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_a_lost_connection_does_not_count_against_a_message(
    client: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    ordered: Callable[..., list[Delivery]],
) -> None:
    command, lost = COMMANDS["order"], list[int]()

    async def lose(services: Services, orders: Any) -> list[Outcome]:
        assert command.handle_many is not None
        outcomes = await command.handle_many(services, orders)
        if not lost:
            lost.append(await services.session.scalar(text("SELECT pg_backend_pid()")))
            async with shop.database.read() as session:
                kill = text("SELECT pg_terminate_backend(:pid)")
                await session.execute(kill, {"pid": lost[0]})
        return outcomes

    monkeypatch.setitem(COMMANDS, "order", replace(command, handle_many=lose))
    await Pipeline(shop).process([*ordered(1, 2, 3), message("order", {"id": str(uuid4())})])
    assert len(lost) == 1 and await sold(client) == 6
    assert await postponed_in(shop) == []
    assert [code for _, code, _, _ in await letters_of(shop)] == ["invalid-input"]
