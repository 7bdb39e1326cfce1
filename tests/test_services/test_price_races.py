"""Lists of products show the correct prices after concurrent changes."""

import asyncio
import random
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx

from app.jobs.price_changes import follow_due
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.product_schema import ProductChange
from app.security.principal import SYSTEM
from app.tables.products.offers import Offer, lowest_offer
from app.wiring.areas.catalogue import provide_products
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.test_controllers.prices.lists import HOUR, follow, listed, make_list, set_prices

WRITERS, EDITS = 8, 12
_LONGEST_MS = 400
_numbers = count(1)


class Market:
    """Products with two variants each and price lists, which are changed at random."""

    def __init__(self, client: httpx.AsyncClient, shop: Shop) -> None:
        self._client = client
        self._shop = shop
        self._chance = random.Random(5)
        self.products: list[dict[str, Any]] = []
        self._variants: list[str] = []
        self._lists: list[dict[str, Any]] = []

    async def open(self) -> None:
        """Add the products, and the lists without prices."""
        for _ in range(4):
            second = {"sku": f"SECOND-{next(_numbers)}", "option_values": {"Size": "M"}}
            product = await create_product(
                self._client, price="10.00", option_values={"Size": "S"}, variants=[second]
            )
            self.products.append(product)
            self._variants += [each["id"] for each in product["variants"]]
        self._lists = [await make_list(self._client, self._shop, {}) for _ in range(3)]

    async def edit(self) -> None:
        """Make changes, one after another."""
        kinds = (self._price, self._activity, self._prices, self._period, self._follow)
        for _ in range(EDITS):
            await self._chance.choice(kinds)()

    async def _price(self) -> None:
        await self._change_variant({"price": f"{self._chance.randint(5, 15)}.00"})

    async def _activity(self) -> None:
        await self._change_variant({"is_active": self._chance.random() < 0.7})

    async def _change_variant(self, change: dict[str, Any]) -> None:
        path = f"/variants/{self._chance.choice(self._variants)}"
        assert (await self._client.patch(path, json=change)).status_code == 200

    async def _prices(self) -> None:
        first, *others = self._chance.sample(self._variants, 3)
        some: dict[str, str | None] = {first: None}
        some |= {each: f"{self._chance.randint(1, 15)}.00" for each in others}
        await set_prices(self._client, self._chance.choice(self._lists), some)

    async def _period(self) -> None:
        now = self._shop.clock.now()
        places = sorted(self._chance.sample(range(-_LONGEST_MS, _LONGEST_MS), 2))
        starts, ends = (now + timedelta(milliseconds=each) for each in places)
        path = f"/price-lists/{self._chance.choice(self._lists)['id']}"
        change = {"starts_at": starts.isoformat(), "ends_at": ends.isoformat()}
        assert (await self._client.patch(path, json=change)).status_code == 200

    async def _follow(self) -> None:
        await follow_due(self._shop)


async def test_many_writers_and_jobs_leave_the_lowest_price_of_each_product(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    market = Market(client, shop)
    await market.open()
    await asyncio.gather(*(market.edit() for _ in range(WRITERS)))
    await asyncio.sleep(_LONGEST_MS / 1_000)
    await follow(shop)
    async with shop.database.read() as session:
        for product in market.products:
            its = await ProductRepository(session).get(UUID(product["id"]))
            true = lowest_offer(its.variants)
            shown = Offer(its.price_minor, its.compare_at_minor, its.price_source)
            assert shown == Offer(true.price_minor, true.compare_at_minor, true.source)


async def test_the_job_waits_for_a_change_of_a_product(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="10.00")
    await make_list(client, shop, {product["id"]: "9.00"}, starts_in=HOUR)
    with later(shop, HOUR):
        async with shop.database.write() as session:
            products = provide_products(session, shop)
            await products.lock([UUID(product["id"])])
            following = asyncio.create_task(follow(shop))
            await asyncio.sleep(0.3)
            change = ProductChange.parse({"price": "7.00"})
            await products.change(SYSTEM, UUID(product["id"]), change)
        assert await following == 1
        (item,) = await listed(client)
        assert (item["price"], item.get("price_source")) == ("7.00", None)
    await follow(shop)
