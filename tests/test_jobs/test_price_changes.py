"""Listings and cached values change when price lists begin and end."""

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

# Both are longer than the interval of the job.
SOON, SHORT = timedelta(seconds=1.2), timedelta(seconds=1.2)


@asynccontextmanager
async def following(shop: Shop, times: int = 1) -> AsyncIterator[None]:
    """Run the job in the background, several times as in several processes."""
    tasks = [asyncio.create_task(follow_price_lists(shop)) for _ in range(times)]
    try:
        yield
    finally:
        await end(tasks)
        shop.cache.end_prices_in(None)


async def prices_of(client: httpx.AsyncClient, product_id: str) -> tuple[str, str]:
    """Return the price of a product, as the product shows it and as a list shows it."""
    read = await shown(client, f"/products/{product_id}")
    (item,) = [each for each in await listed(client) if each["id"] == product_id]
    return read["price"], item["price"]


@pytest.mark.parametrize("processes", [1, 3])
async def test_cached_prices_change_when_a_sale_begins_and_when_it_ends(
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
            # The second read is from the cache.
            assert await prices_of(client, product["id"]) == (expected, expected)


async def test_a_price_change_during_a_check_of_the_job_is_applied_at_once(
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


async def test_a_price_list_that_is_not_due_changes_nothing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    assert not await follow_due(shop)
    await make_list(client, shop, {product["id"]: "1.00"}, starts_in=HOUR)
    assert not await follow_due(shop)
    with later(shop, 2 * HOUR):
        assert await follow(shop) == 1
        assert not await follow_due(shop)
    assert await follow(shop) == 1


async def test_many_products_are_updated_in_several_transactions_that_can_be_resumed(
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
    # Before the sale again: some products are derived without it, then it applies again.
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
    # Its prices no longer apply, even if lists still show them.
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


async def test_a_price_that_is_set_during_a_sale_applies_at_once(
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
