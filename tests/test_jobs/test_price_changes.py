"""What lists show and what is cached follow the price lists that begin and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from app.jobs.price_changes import follow_due, follow_once, follow_price_lists
from app.runtime.supervisor import end
from app.services.prices.price_changes import PriceChanges
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.test_controllers.prices.lists import (
    HOUR,
    follow,
    in_time,
    listed,
    make_list,
    set_prices,
    shown,
)

# More than the time between two looks of the job.
SOON, SHORT = timedelta(seconds=1.2), timedelta(seconds=1.2)


@asynccontextmanager
async def following(shop: Shop, times: int = 1) -> AsyncIterator[None]:
    """Run the job, as several processes would."""
    tasks = [asyncio.create_task(follow_price_lists(shop)) for _ in range(times)]
    try:
        yield
    finally:
        await end(tasks)
        shop.cache.end_prices_in(None)


async def prices_of(client: httpx.AsyncClient, product_id: str) -> tuple[str, str]:
    """Return the price that a product shows, and that which a list shows of it."""
    read = await shown(client, f"/products/{product_id}")
    (item,) = [each for each in await listed(client) if each["id"] == product_id]
    return read["price"], item["price"]


@pytest.mark.parametrize("processes", [1, 3])
async def test_what_is_cached_is_new_when_a_sale_begins_and_when_it_ends(
    client: httpx.AsyncClient, shop: Shop, processes: int
) -> None:
    product = await create_product(client, price="10.00")
    async with following(shop, processes):
        now = shop.clock.now()
        await make_list(client, shop, {product["id"]: "8.00"}, starts_in=SOON, ends_in=SOON + SHORT)
        assert await prices_of(client, product["id"]) == ("10.00", "10.00")
        for moment, expected in ((0.5, "8.00"), (1.5, "10.00")):
            left = now + SOON + moment * SHORT - shop.clock.now()
            await asyncio.sleep(max(left.total_seconds(), 0))
            assert await prices_of(client, product["id"]) == (expected, expected)
            # From the cache, too.
            assert await prices_of(client, product["id"]) == (expected, expected)


async def test_a_change_while_the_job_looks_is_followed_at_once(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = await create_product(client)
    await make_list(client, shop, {product["id"]: "1.00"}, starts_in=HOUR)

    with ExitStack() as stack:

        async def begin_afterwards(_changes: PriceChanges) -> bool:
            stack.enter_context(later(shop, HOUR))
            return False

        monkeypatch.setattr(PriceChanges, "has_due", begin_afterwards)
        assert await follow_once(shop) == 0
    shop.cache.end_prices_in(None)


async def test_what_is_not_due_is_left_alone(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await create_product(client)
    assert not await follow_due(shop)
    await make_list(client, shop, {product["id"]: "1.00"}, starts_in=HOUR)
    assert not await follow_due(shop)
    with later(shop, 2 * HOUR):
        assert await follow(shop) == 1
        assert not await follow_due(shop)
    assert await follow(shop) == 1


async def test_many_products_take_several_transactions_and_go_on_after_a_stop(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.prices.price_changes._AT_ONCE", 2)
    products = [await create_product(client, price="10.00") for _ in range(5)]
    ids = [each["id"] for each in products]
    await make_list(client, shop, dict.fromkeys(ids, "8.00"), starts_in=HOUR, ends_in=2 * HOUR)

    async def on_sale() -> int:
        return sum(each["price"] == "8.00" for each in await listed(client))

    with later(shop, HOUR):
        seen = []
        while await follow_due(shop):
            seen.append(await on_sale())
        assert seen == [2, 4, 5]
    # It ends while the products are derived for its end of before.
    assert await follow_due(shop)
    with later(shop, HOUR):
        await follow(shop)
        assert await on_sale() == 5
    await follow(shop)
    assert await on_sale() == 0


async def test_a_list_with_many_prices_is_deleted_in_several_transactions(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.prices.price_changes._AT_ONCE", 2)
    ids = [(await create_product(client, price="10.00"))["id"] for _ in range(5)]
    made = await make_list(client, shop, dict.fromkeys(ids, "8.00"))
    assert (await client.delete(f"/price-lists/{made['id']}")).status_code == 204
    # Its prices count no longer, whatever lists show of them.
    assert (await shown(client, f"/products/{ids[4]}"))["price"] == "10.00"
    assert await follow(shop) == 2
    assert {each["price"] for each in await listed(client)} == {"10.00"}
    assert await shown(client, "/price-lists") == {"items": [], "next": None}


async def test_a_cached_product_does_not_outlive_the_next_change(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="10.00")
    await make_list(client, shop, {product["id"]: "8.00"}, starts_in=timedelta(seconds=100))
    shop.cache.end_prices_in(1.5)
    try:
        await prices_of(client, product["id"])
        near = shop.cache.near
        if near is None:
            return
        # The keys of lists are digests of queries.
        lists = near._keys["catalogue"]  # pylint: disable=protected-access
        lifetimes = [near.seconds_left(each) for each in (f"product:{product['id']}:", *lists)]
        assert len(lifetimes) == 2
        assert all(each is not None and each <= 1.5 for each in lifetimes)
    finally:
        shop.cache.end_prices_in(None)


async def test_a_price_set_during_the_sale_counts_beside_one_that_begins(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="10.00")
    always = await make_list(client, shop, {product["id"]: "9.00"}, code="always")
    await make_list(client, shop, {product["id"]: "8.00"}, starts_in=HOUR, ends_in=2 * HOUR)
    async with in_time(shop, HOUR):
        assert await prices_of(client, product["id"]) == ("8.00", "8.00")
        await set_prices(client, always, {product["id"]: "7.00"})
        assert await prices_of(client, product["id"]) == ("7.00", "7.00")
    assert await prices_of(client, product["id"]) == ("7.00", "7.00")
