"""Orders that wait in a process are placed together, and each has its own outcome."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.errors import DomainError
from app.schemas.orders.order_schema import OrderRead
from app.services.orders.order_batches import OrderBatches
from app.services.orders.order_service import OrderService
from app.services.orders.placement import Asked
from app.services.system.idempotency_service import Answer
from app.wiring.resources import Shop
from tests.conftest import client_of, postgres_settings, running
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import create_product, create_user
from tests.support.ledger import assert_conserved, every, stock_of
from tests.support.processes import WAIT_SECONDS
from tests.support.servers import PostgresServer
from tests.test_web.middleware.repetitions import is_replayed, kept

PLANTED = 7


class Gate:
    """Records the number of orders of each transaction, and can hold it before its commit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.arrived = 0
        self.is_open = asyncio.Event()
        self.reached = asyncio.Event()
        place_many, place = OrderService.place_many, OrderBatches.place

        async def noted(
            service: OrderService, orders: Sequence[Asked]
        ) -> list[OrderRead | DomainError]:
            outcomes = await place_many(service, orders)
            self.sizes.append(len(orders))
            self.reached.set()
            await self.is_open.wait()
            return outcomes

        async def counted(batches: OrderBatches, *arguments: Any) -> Answer:
            self.arrived += 1
            return await place(batches, *arguments)

        monkeypatch.setattr(OrderService, "place_many", noted)
        monkeypatch.setattr(OrderBatches, "place", counted)

    async def until_arrived(self, count: int) -> None:
        """Wait until a number of orders have arrived since the start."""
        async with asyncio.timeout(WAIT_SECONDS):
            while self.arrived < count:
                await asyncio.sleep(0.01)


@pytest.fixture(name="gate")
async def open_gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A gate that is open."""
    gate = Gate(monkeypatch)
    gate.is_open.set()
    return gate


def basket(user_id: str, product_id: str, quantity: int = 1) -> dict[str, Any]:
    """Return the body of an order."""
    return {"user_id": user_id, "items": [{"product_id": product_id, "quantity": quantity}]}


async def order(
    client: httpx.AsyncClient, body: dict[str, Any], key: str | None = None
) -> httpx.Response:
    """Place an order, perhaps with an idempotency key."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post("/orders", json=body, headers=headers)


@asynccontextmanager
async def held(gate: Gate, first: asyncio.Task[httpx.Response]) -> AsyncIterator[None]:
    """Hold the transaction of the first order while others arrive."""
    gate.is_open.clear()
    gate.reached.clear()
    await gate.reached.wait()
    assert not first.done()
    yield
    gate.is_open.set()


async def test_orders_that_arrive_during_a_transaction_share_the_next_one(
    client: httpx.AsyncClient, gate: Gate
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=100)
    body = basket(user["id"], product["id"])
    gate.is_open.clear()
    first = asyncio.create_task(order(client, body))
    async with held(gate, first):
        others = [asyncio.create_task(order(client, body, f"key-{n}")) for n in range(63)]
        await gate.until_arrived(64)
        assert gate.sizes == [1]
    answers = await asyncio.gather(first, *others)
    assert [each.status_code for each in answers] == [201] * 64
    assert gate.sizes == [1, 63]
    assert len({each.json()["id"] for each in answers}) == 64
    assert await stock_of(client, product["id"]) == 36
    await assert_conserved(client, [product["id"]])


async def test_each_order_of_a_batch_has_its_own_outcome(
    client: httpx.AsyncClient, shop: Shop, gate: Gate
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=14)
    other = await create_product(client, stock_quantity=14)
    known = await order(client, basket(user["id"], other["id"]), "known")
    asked = [
        (basket(user["id"], product["id"], 5), "one"),
        (basket(user["id"], product["id"], 5), "another"),
        (basket(user["id"], product["id"], 4), "rest"),
        (basket(other["id"], product["id"], 1), "no-user"),
        (basket(user["id"], user["id"], 1), None),
        (basket(user["id"], other["id"]), "known"),
        (basket(user["id"], other["id"], 2), "known?"),
        (basket(user["id"], other["id"], 3), "other-body"),
    ]
    await order(client, basket(user["id"], other["id"]), "other-body")
    async with held(gate, asyncio.create_task(order(client, asked[0][0], "first"))):
        tasks = [asyncio.create_task(order(client, *each)) for each in asked]
        await gate.until_arrived(len(asked) + 3)
    answers = [await each for each in tasks]
    # Orders are placed in the order of arrival: each of the first two may lack stock.
    assert sorted(each.status_code for each in answers[:2]) == [201, 409]
    assert [each.status_code for each in answers[2:]] == [201, 404, 404, 201, 201, 422]
    assert gate.sizes[-1] == 6
    assert answers[5].content == known.content and is_replayed(answers[5])
    assert await stock_of(client, product["id"]) == 0
    for (body, key), answer in zip(asked, answers, strict=True):
        if key not in (None, "other-body"):
            again = await order(client, body, key)
            assert (again.content, is_replayed(again)) == (answer.content, True)
    assert await kept(shop) == sorted(
        ["first", "one", "another", "rest", "no-user", "known", "known?", "other-body"]
    )


@asynccontextmanager
async def fault(shop: Shop) -> AsyncIterator[None]:
    """Make orders with a certain quantity fail in the database."""
    when = f"NEW.quantity = {PLANTED}"
    statements = [
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS "
        f"'BEGIN IF {when} THEN RAISE EXCEPTION ''planted''; END IF; RETURN NEW; END'",
        "CREATE TRIGGER planted BEFORE INSERT ON order_items FOR EACH ROW "
        "EXECUTE FUNCTION planted()",
    ]
    if shop.database.is_sqlite:
        statements = [
            f"CREATE TRIGGER planted BEFORE INSERT ON order_items WHEN {when} "
            "BEGIN SELECT RAISE(ABORT, 'planted'); END"
        ]
    async with shop.database.write() as session:
        for each in statements:
            await session.execute(text(each))
    try:
        yield
    finally:
        drop = "TRIGGER planted" if shop.database.is_sqlite else "FUNCTION planted CASCADE"
        async with shop.database.write() as session:
            await session.execute(text(f"DROP {drop}"))


async def test_an_error_of_one_order_does_not_affect_the_others(
    client: httpx.AsyncClient, shop: Shop, gate: Gate
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=100)
    quantities = [1, 2, PLANTED, 1, 3, 1, 1, PLANTED, 2, 1]
    async with fault(shop):
        first = asyncio.create_task(order(client, basket(user["id"], product["id"])))
        async with held(gate, first):
            tasks = [
                asyncio.create_task(
                    order(client, basket(user["id"], product["id"], quantity), f"key-{number}")
                )
                for number, quantity in enumerate(quantities)
            ]
            await gate.until_arrived(1 + len(quantities))
        answers = [await each for each in tasks]
    assert [each.status_code for each in answers] == [
        500 if quantity == PLANTED else 201 for quantity in quantities
    ]
    assert await kept(shop) == [f"key-{number}" for number in (0, 1, 3, 4, 5, 6, 8, 9)]
    assert await stock_of(client, product["id"]) == 100 - 1 - 12
    await assert_conserved(client, [product["id"]])


async def test_the_order_of_a_disconnected_caller_is_not_placed_and_others_are(
    client: httpx.AsyncClient, gate: Gate
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=100)
    tasks = [
        asyncio.create_task(order(client, basket(user["id"], product["id"], quantity)))
        for quantity in (1,)
    ]
    async with held(gate, tasks[0]):
        tasks += [
            asyncio.create_task(order(client, basket(user["id"], product["id"], quantity)))
            for quantity in (10, 20)
        ]
        await gate.until_arrived(3)
        # One caller disconnects during the transaction, one while waiting.
        tasks[0].cancel()
        tasks[1].cancel()
        await asyncio.sleep(0.1)
    assert (await tasks[2]).status_code == 201
    assert [each.cancelled() for each in tasks] == [True, True, False]
    assert await stock_of(client, product["id"]) == 80
    assert len(await every(client, "/orders")) == 1


async def test_a_caller_who_disconnects_during_a_batch_does_not_delay_the_others(
    client: httpx.AsyncClient, gate: Gate
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=100)
    first = asyncio.create_task(order(client, basket(user["id"], product["id"])))
    async with held(gate, first):
        others = [
            asyncio.create_task(order(client, basket(user["id"], product["id"], quantity)))
            for quantity in (10, 20, 30)
        ]
        await gate.until_arrived(4)
        gate.reached.clear()
        # Orders that wait at the gate pass it, and no later ones.
        gate.is_open.set()
        gate.is_open.clear()
        await first
        await gate.reached.wait()
        others[1].cancel()
        await asyncio.sleep(0.1)
    assert [(await others[n]).status_code for n in (0, 2)] == [201, 201]
    assert gate.sizes == [1, 3, 2]
    assert await stock_of(client, product["id"]) == 100 - 1 - 10 - 30


async def test_the_repetition_of_a_waiting_order_is_refused(
    client: httpx.AsyncClient, gate: Gate
) -> None:
    user, product = await create_user(client), await create_product(client)
    body = basket(user["id"], product["id"])
    first = asyncio.create_task(order(client, body, "one"))
    async with held(gate, first):
        waiting = asyncio.create_task(order(client, body, "two"))
        await gate.until_arrived(2)
        for key in ("one", "two"):
            again = await order(client, body, key)
            assert (again.status_code, again.json()["type"]) == (
                409,
                "urn:problem:request-in-progress",
            )
    assert [(await each).status_code for each in (first, waiting)] == [201, 201]
    assert await stock_of(client, product["id"]) == 8


async def test_a_locked_product_delays_only_its_own_order(
    postgres_server: PostgresServer,
) -> None:
    postgres_server.create_database("batches")
    shop = Shop(postgres_settings(postgres_server, "batches"))
    async with running(with_routes_of(shop, WITH_ORDERS)) as app, client_of(app) as client:
        user = await create_user(client)
        products = [await create_product(client, stock_quantity=100) for _ in range(2)]
        locked, free = (each["id"] for each in products)
        lock = f"SELECT 1 FROM variants WHERE id = '{locked}' FOR UPDATE"
        async with postgres_server.holding("batches", lock):
            for _ in range(2):
                stuck = asyncio.create_task(order(client, basket(user["id"], locked), "stuck"))
                others = [
                    asyncio.create_task(order(client, basket(user["id"], free))) for _ in range(20)
                ]
                done = await asyncio.gather(*others)
                assert [each.status_code for each in done] == [201] * 20
                assert not stuck.done() or stuck.result().status_code == 503
                assert (await stuck).status_code == 503
        answer = await order(client, basket(user["id"], locked), "stuck")
        assert (answer.status_code, is_replayed(answer)) == (201, False)
        await assert_conserved(client, [locked, free])
    postgres_server.drop_database("batches")
