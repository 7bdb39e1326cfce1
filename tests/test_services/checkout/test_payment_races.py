"""Orders are paid at the time of their expiry, and calls of providers are not in transactions."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.gateways.payments.bank import BankForTests
from app.jobs.errands.orders import expire_order
from app.schemas.payments.bank_schema import Decision
from app.wiring.areas.orders import payment_calls
from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.support.ledger import stock_of
from tests.test_controllers.checkout.setting import check_out, ready
from tests.test_controllers.payments.setting import begun, do_errands, order_now, payments_of

ORDERS = 12


async def begun_orders(client: httpx.AsyncClient, product: dict[str, Any]) -> list[Any]:
    """Return orders of one unit, each with an unfinished payment."""
    found = []
    for number in range(ORDERS):
        cart = await ready(client, {product["id"]: 1}, email=f"guest{number}@example.com")
        response = await check_out(cart, payment="test")
        assert response.status_code == 201, response.text
        found.append((response.json(), await begun(cart)))
    return found


async def test_an_order_that_is_paid_during_its_expiry_is_paid_or_not_charged(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="10.00", stock_quantity=ORDERS)
    found = await begun_orders(client, product)
    bank = bank_of(shop)
    ends: Counter[str] = Counter()
    with later(shop, timedelta(minutes=16)):

        async def approve(reference: str, wait: float) -> None:
            await asyncio.sleep(wait)
            await payment_calls(shop).decide_at(bank, reference, Decision.APPROVE)

        waits = [0.002 * number for number in range(ORDERS)]
        await asyncio.gather(
            *(expire_order(shop, UUID(order["id"])) for order, _ in found),
            *(
                approve(payment["reference"], wait)
                for (_, payment), wait in zip(found, waits, strict=True)
            ),
        )
        await do_errands(shop)
    for order, payment in found:
        ended = await order_now(client, order)
        state = await bank.look(payment["reference"])
        kept = state.captured_minor - state.refunded_minor
        assert (ended["status"], kept) in (("paid", 1_000), ("cancelled", 0))
        (shown,) = (await payments_of(client, order))["payments"]
        assert shown["captured"] == f"{state.captured_minor / 100:.2f}"
        ends[ended["status"]] += 1
    assert await stock_of(client, product["id"]) == ends["cancelled"]


@pytest.fixture(name="alone")
def calls_of_providers(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> list[str]:
    """The names of the calls of the bank; each fails inside a transaction of the shop."""
    called: list[str] = []
    # The transaction of the current task: other tasks may have transactions at the same time.
    depth = ContextVar("depth", default=0)

    def counted(opened: Any) -> Any:
        @asynccontextmanager
        async def open_counted(*arguments: Any, **options: Any) -> AsyncIterator[Any]:
            async with opened(*arguments, **options) as session:
                depth.set(depth.get() + 1)
                try:
                    yield session
                finally:
                    depth.set(depth.get() - 1)

        return open_counted

    for name in ("write", "read", "request_session"):
        monkeypatch.setattr(shop.database, name, counted(getattr(shop.database, name)))

    def outside(name: str) -> Any:
        own = getattr(BankForTests, name)

        async def call(*arguments: Any) -> Any:
            assert depth.get() == 0, f"{name} is called inside a transaction"
            called.append(name)
            return await own(*arguments)

        return call

    for name in ("begin", "look", "capture", "void", "refund"):
        monkeypatch.setattr(BankForTests, name, outside(name))
    return called


async def test_no_call_of_a_provider_is_inside_a_transaction(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch, alone: list[str]
) -> None:
    changes = {"payment_capture": "on_shipment"}
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update=changes))
    product = await create_product(client, price="10.00", stock_quantity=ORDERS)
    first, second, *_ = await begun_orders(client, product)
    for _, payment in (first, second):
        await bank_of(shop).decide(payment["reference"], Decision.APPROVE)
    with later(shop, timedelta(minutes=2)):
        await do_errands(shop)
    shipped = await client.patch(f"/orders/{first[0]['id']}", json={"status": "shipped"})
    assert shipped.status_code == 200, shipped.text
    assert (await client.post(f"/orders/{second[0]['id']}/cancel")).status_code == 200
    await do_errands(shop)
    body = {"reason": "Arrived broken."}
    made = await client.post(f"/payments/{first[1]['id']}/refunds", json=body)
    assert made.json()["status"] == "succeeded"
    assert set(alone) == {"begin", "look", "capture", "void", "refund"}
