"""Reads and changes products with the services of a shop."""

import asyncio
import time
from itertools import count
from uuid import UUID

import msgspec

from app.cache.areas.catalogue import PRODUCTS
from app.cache.cache import Counts, Found, Tier
from app.schemas.catalogue.product_query import ProductQuery
from app.schemas.catalogue.product_schema import ProductChange, ProductCreate
from app.security.principal import Caller
from app.wiring.areas.catalogue import provide_products
from app.wiring.resources import Shop
from tests.support.servers.relay import Relay

Pair = tuple[Shop, Shop]
WAIT_SECONDS = 10
CALLER = Caller("tests")
_numbers = count(1)


async def believed(shop: Shop, is_it: bool = True) -> None:
    """Wait until a shop is synchronized with its Redis, or is not, as `is_it` says."""
    deadline = time.monotonic() + WAIT_SECONDS
    while shop.cache.redis is not None and shop.cache.redis.is_synced is not is_it:
        assert time.monotonic() < deadline, "the synchronization with Redis has not changed in time"
        await asyncio.sleep(0.005)


async def offer(shop: Shop, **changes: object) -> UUID:
    """Add a product."""
    data = {"sku": f"C-{next(_numbers)}", "name": "Tea", "category": "Tea", "price": "4.99"}
    async with shop.database.write() as session:
        product = await provide_products(session, shop).offer(
            CALLER, ProductCreate.parse(data | changes)
        )
    return product.id


async def read(shop: Shop, product_id: UUID) -> Found:
    """Read a product."""
    async with shop.database.read() as session:
        return await provide_products(session, shop).get(product_id)


async def seen(shop: Shop, product_id: UUID) -> tuple[Tier, str]:
    """Return where a product's representation was found, and its price."""
    found = await read(shop, product_id)
    price: str = msgspec.json.decode(found.representation.body)["price"]
    return found.tier, price


async def listed(shop: Shop, **query: str) -> tuple[Tier, list[str]]:
    """Return where a list was found, and the prices in it."""
    async with shop.database.read() as session:
        found = await provide_products(session, shop).find(ProductQuery.parse_query(query.items()))
    items = msgspec.json.decode(found.representation.body)["items"]
    return found.tier, [each["price"] for each in items]


async def reprice(shop: Shop, product_id: UUID, price: str) -> None:
    """Change the price of a product."""
    async with shop.database.write() as session:
        change = ProductChange.parse({"price": price})
        await provide_products(session, shop).change(CALLER, product_id, change)


async def miss_a_drop(shop: Shop, relay: Relay) -> UUID:
    """Change the price of a cached product to 5.49 without a connection to Redis; return its id."""
    product_id = await offer(shop)
    await read(shop, product_id)
    await relay.cut()
    await believed(shop, False)
    await reprice(shop, product_id, "5.49")
    return product_id


def counts_of(shop: Shop) -> Counts:
    """Return the counts of the reads of products by the cache."""
    return shop.cache.counts[PRODUCTS]
