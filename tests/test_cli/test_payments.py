"""The command that compares the payments of providers with those of the shop."""

import asyncio

import httpx
import pytest
from sqlalchemy import delete, update

from app.cli.main import main
from app.models import Order, OrderChange, OrderItem, OrderMailRecord, Payment, PaymentStep
from app.schemas.payments.bank_schema import Decision
from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop
from tests.test_controllers.checkout.setting import order_row
from tests.test_controllers.payments.setting import begun, decide, payments_of, placed


async def reconciled(shop: Shop, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run the command; return its exit code and output."""

    def run() -> int:
        with pytest.raises(SystemExit) as ended:
            main(["payments", "reconcile"], shop.settings)
        return int(ended.value.code or 0)

    return await asyncio.to_thread(run), capsys.readouterr().out


async def test_a_payment_without_an_order_in_the_shop_is_named(
    client: httpx.AsyncClient, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    await decide(client, payment, "approve_silently")
    assert await reconciled(shop, capsys) == (
        0,
        "test: no payments without an order in the shop\n",
    )
    assert (await order_row(shop, order["id"])).status == "paid"
    # The same state as after the restore of a backup that is older than the order.
    async with shop.database.write() as session:
        for table in (PaymentStep, Payment, OrderMailRecord, OrderItem, OrderChange, Order):
            await session.execute(delete(table))
    named = (
        f"test: {payment['reference']} is captured, 20.00 USD, for order {order['number']} "
        f"({order['id']}), which the shop does not have\n"
    )
    found = await reconciled(shop, capsys)
    assert found == (1, f"{named}test: 1 payments without an order in the shop\n")


async def test_a_payment_that_was_begun_twice_is_named_only_if_it_has_money(
    client: httpx.AsyncClient, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    # The same state as after an error of the provider that has begun the payment nevertheless.
    async with shop.database.write() as session:
        await session.execute(update(Payment).values(reference="another"))
    before = await payments_of(client, order)
    assert await reconciled(shop, capsys) == (
        0,
        "test: no payments without an order in the shop\n",
    )
    assert await payments_of(client, order) == before
    await bank_of(shop).decide(payment["reference"], Decision.APPROVE)
    status, printed = await reconciled(shop, capsys)
    assert status == 1
    assert f"{payment['reference']} is captured, 20.00 USD, for order {order['number']}" in printed
