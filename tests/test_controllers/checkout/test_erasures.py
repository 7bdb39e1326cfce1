"""A guest who is erased while ordering has no order that keeps the address."""

import asyncio
import re

import httpx
from sqlalchemy import func, select

from app.models import Cart, Order
from app.wiring.resources import Shop
from tests.support.accounts import mails_of
from tests.support.factories import create_product
from tests.test_controllers.checkout.setting import check_out, ready

EMAIL = "ada@example.com"
ROUNDS = 6


async def tokens_of(client: httpx.AsyncClient, shop: Shop, count: int) -> list[str]:
    """Return tokens that prove the address."""
    for _ in range(count):
        asked = await client.post("/guest-data/requests", json={"email": EMAIL})
        assert asked.status_code == 202
    body = "\n".join(mail.body for mail in await mails_of(shop))
    return re.findall(r"^[A-Za-z0-9_-]{43}$", body, re.MULTILINE)


async def test_an_erasure_during_a_checkout_leaves_no_order_with_the_address(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, stock_quantity=100)

    async def erase(token: str, after_seconds: float) -> httpx.Response:
        await asyncio.sleep(after_seconds)
        return await nobody.post("/guest-data/erasure", json={"token": token})

    for number in range(ROUNDS):
        cart = await ready(nobody, {tea["id"]: 1})
        (token,) = await tokens_of(nobody, shop, 1)
        # Each of both is first in some of the rounds.
        erasure = erase(token, number * 0.004)
        placed, erased = await asyncio.gather(check_out(cart, "4.99"), erasure)
        assert erased.status_code == 200, erased.text
        assert placed.status_code in (201, 404), placed.text
        if placed.status_code == 201:
            # It was found, although it was placed at the same time.
            assert erased.json()["waiting_orders"] == 1
            path = f"/orders/{placed.json()['id']}/cancel"
            assert (await client.post(path)).status_code == 200
        async with shop.database.read() as session:
            assert await session.scalar(select(func.count()).select_from(Cart)) == 0
            assert set(await session.scalars(select(Order.email))) <= {"anonymised"}
            assert set(await session.scalars(select(Order.email_key))) <= {None}
        await clear_mails(shop)


async def test_of_concurrent_erasures_one_is_executed(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client)
    order = (await check_out(await ready(nobody, {tea["id"]: 1}))).json()
    assert (await client.post(f"/orders/{order['id']}/cancel")).status_code == 200
    first, second = await tokens_of(nobody, shop, 2)
    tokens = [first, second, first, second]
    answers = await asyncio.gather(
        *(nobody.post("/guest-data/erasure", json={"token": each}) for each in tokens)
    )
    done = [each.json()["cleared_orders"] for each in answers if each.status_code == 200]
    assert sum(done) == 1 and 1 <= len(done) <= 2
    assert {each.status_code for each in answers} == {200, 401}


async def clear_mails(shop: Shop) -> None:
    """Delete the mails that wait, as if they were sent."""
    async with shop.database.write() as session:
        for mail in await mails_of(shop):
            await session.delete(await session.merge(mail))
