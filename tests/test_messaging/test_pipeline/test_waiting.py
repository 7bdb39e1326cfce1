"""Updates that arrive before their subject wait for it, and are then applied in order."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.messaging import waiting
from app.messaging.pipeline import Pipeline
from app.messaging.waiting import apply_arrived
from app.wiring.areas.messaging import provide_outbox
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product, create_user
from tests.support.refusals import NOTHING
from tests.test_messaging.deliveries import (
    applied_in,
    change,
    letters_of,
    message,
    move,
    order,
    postponed_in,
    product_of,
)


async def apply(shop: Shop) -> None:
    """Apply the waiting commands that can be applied."""
    await apply_arrived(shop, Pipeline(shop))


async def status_of(client: httpx.AsyncClient, order_id: str) -> str:
    """Return the status of an order."""
    status: str = (await client.get(f"/orders/{order_id}")).json()["status"]
    return status


@pytest.mark.parametrize("has_id", [True, False])
async def test_an_update_that_arrives_before_its_order_is_applied_after_it(
    client: httpx.AsyncClient, shop: Shop, has_id: bool
) -> None:
    user, product = await create_user(client), await create_product(client)
    chosen = str(uuid4())
    update = message("order_update", move(chosen, "paid"), "update" if has_id else None)
    await Pipeline(shop).process([update])
    for _ in range(10):
        await apply(shop)
    (row,) = await postponed_in(shop)
    assert str(row.awaits) == chosen
    await Pipeline(shop).process([message("order", order(user, product, id=chosen), "order")])
    await apply(shop)
    assert await status_of(client, chosen) == "paid"
    assert sorted(await applied_in(shop)) == sorted(["order", update.stored_id])
    assert await postponed_in(shop) == [] and await letters_of(shop) == []


async def test_a_waiting_update_is_not_sent_to_the_broker(shop: Shop) -> None:
    await Pipeline(shop).process([message("order_update", move(NOTHING, "paid"))])
    with later(shop, timedelta(days=3)):
        async with shop.database.read() as session:
            assert await provide_outbox(session, shop).find_due(10) == []


async def test_updates_of_one_order_keep_their_order_while_the_first_waits(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    chosen = str(uuid4())
    await Pipeline(shop).process([message("order_update", move(chosen, "paid"))])
    await Pipeline(shop).process([message("order", order(user, product, id=chosen))])
    await Pipeline(shop).process([message("order_update", move(chosen, "shipped"))])
    assert await status_of(client, chosen) == "pending"
    assert len(await postponed_in(shop)) == 2
    await apply(shop)
    assert await status_of(client, chosen) == "shipped"
    assert await postponed_in(shop) == [] and await letters_of(shop) == []


async def test_a_redelivered_update_that_waits_is_applied_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    chosen = str(uuid4())
    early = message("order_update", move(chosen, "paid"), "early")
    await Pipeline(shop).process([early, early])
    await Pipeline(shop).process([early])
    await Pipeline(shop).process([message("order", order(user, product, id=chosen))])
    await apply(shop)
    shown = (await client.get(f"/orders/{chosen}")).json()
    assert [each["to_status"] for each in shown["history"]] == ["pending", "paid"]
    assert await postponed_in(shop) == [] and await letters_of(shop) == []


async def test_an_update_that_was_applied_before_its_row_was_deleted_is_not_applied_again(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    chosen = str(uuid4())
    await Pipeline(shop).process([message("order_update", move(chosen, "paid"), "early")])
    rows = await postponed_in(shop)
    await Pipeline(shop).process([message("order", order(user, product, id=chosen))])
    await apply(shop)
    # The process has ended between the two transactions.
    async with shop.database.write() as session:
        for row in rows:
            await session.merge(row)
    await apply(shop)
    assert len((await client.get(f"/orders/{chosen}")).json()["history"]) == 2
    assert await postponed_in(shop) == [] and await letters_of(shop) == []


@pytest.mark.parametrize(
    ("queue", "data", "code", "subject"),
    [
        ("order_update", move(NOTHING, "paid"), "order-not-found", "order"),
        ("product_update", change({"id": NOTHING}, name="A"), "product-not-found", "product"),
    ],
)
async def test_an_update_whose_subject_never_arrives_is_parked_after_a_day(
    shop: Shop, queue: str, data: dict[str, Any], code: str, subject: str
) -> None:
    await Pipeline(shop).process([message(queue, data)])
    with later(shop, timedelta(hours=23, minutes=59)):
        await apply(shop)
        assert await letters_of(shop) == []
    with later(shop, timedelta(hours=24)):
        await apply(shop)
        assert await letters_of(shop) == [(queue, code, f"there is no {subject} {NOTHING}", 1)]
    assert await postponed_in(shop) == []


async def test_a_long_list_is_searched_in_parts(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_CHUNK", 3)
    monkeypatch.setattr(waiting, "_BATCH_SIZE", 2)
    user, product = await create_user(client), await create_product(client, stock_quantity=20)
    chosen = sorted(str(uuid4()) for _ in range(11))
    await Pipeline(shop).process([message("order_update", move(each, "paid")) for each in chosen])
    placed = chosen[::2]
    await Pipeline(shop).process(
        [message("order", order(user, product, id=each)) for each in placed]
    )
    await apply(shop)
    assert [await status_of(client, each) for each in placed] == ["paid"] * len(placed)
    left = {str(each.awaits) for each in await postponed_in(shop)}
    assert left == set(chosen) - set(placed)


async def test_a_change_waits_for_its_product(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await create_product(client)
    later_id = str(uuid4())
    await Pipeline(shop).process([message("product_update", change({"id": later_id}, name="A"))])
    await Pipeline(shop).process([message("product_update", change(product, name="B"))])
    await apply(shop)
    assert (await product_of(client, product))["name"] == "B"
    assert [str(each.awaits) for each in await postponed_in(shop)] == [later_id]
