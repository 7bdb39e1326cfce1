"""Cached lists of products stay valid until an availability changes, and are never stale."""

import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from app.cache.cache import Cache, Tier
from app.errors import DomainError
from app.jobs.file_import import import_files
from app.messaging.pipeline import Pipeline
from app.models import Availability, Order, OrderStatus, Product, Variant
from app.schemas.catalogue.product_query import ProductQuery
from app.schemas.catalogue.product_schema import ProductChange
from app.schemas.catalogue.stock_schema import StockMovementCreate
from app.schemas.identity.user_schema import UserCreate
from app.schemas.orders.order_schema import OrderCreate
from app.services.data.import_outcome import ImportOptions
from app.services.orders.placement import Asked
from app.tables.catalogue import availability_of, best_of
from app.wiring.areas.catalogue import provide_products, provide_stock
from app.wiring.areas.identity import provide_users
from app.wiring.areas.orders import provide_order_moves, provide_orders
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.conftest import sqlite_settings
from tests.support.refusals import USER
from tests.test_cache.conftest import opened
from tests.test_cache.reads import CALLER, offer
from tests.test_messaging.deliveries import message

LOW = 5
STEPS = 60
QUERIES: tuple[Mapping[str, str], ...] = (
    {},
    {"limit": "2"},
    {"in_stock": "true", "count": "true"},
    {"in_stock": "false"},
    {"category": "Tea", "sort": "price"},
    {"q": "tea", "sort": "-name"},
)
Change = Callable[[Shop, UUID, int], Awaitable[None]]


async def shown(shop: Shop, query: Mapping[str, str]) -> tuple[Tier, bytes]:
    """Return where a list was found, and its bytes."""
    async with shop.database.read() as session:
        found = await provide_products(session, shop).find(ProductQuery.parse_query(query.items()))
    return found.tier, found.representation.body


async def words(shop: Shop) -> list[str]:
    """Return the availability of the products as a list shows it, the oldest first."""
    _, body = await shown(shop, {"sort": "created_at"})
    return [each["availability"] for each in msgspec.json.decode(body)["items"]]


async def tier_of(shop: Shop) -> Tier:
    """Return where the list was found."""
    return (await shown(shop, {"sort": "created_at"}))[0]


async def buyer_in(shop: Shop) -> UUID:
    """Register a customer, and return the id."""
    async with shop.database.write() as session:
        return (await provide_users(session, shop).register(UserCreate.parse(USER))).id


def basket(user_id: UUID, quantities: Mapping[UUID, int]) -> dict[str, Any]:
    """Return the body of an order."""
    items = [
        {"product_id": str(each), "quantity": quantity} for each, quantity in quantities.items()
    ]
    return {"user_id": str(user_id), "items": items}


async def place(shop: Shop, *baskets: dict[str, Any]) -> None:
    """Place orders in one transaction, each completely or not at all."""
    async with shop.database.write() as session:
        orders = [Asked(CALLER, OrderCreate.parse(each)) for each in baskets]
        await provide_orders(session, shop).place_many(orders)


async def cancel_latest(shop: Shop) -> None:
    """Cancel the newest pending order, if there is one."""
    async with shop.database.write() as session:
        latest = select(Order.id).where(Order.status == OrderStatus.PENDING)
        order_id = await session.scalar(latest.order_by(Order.number.desc()).limit(1))
        if order_id is not None:
            await provide_order_moves(session, shop).cancel(CALLER, order_id)


async def change(shop: Shop, product_id: UUID, **fields: object) -> None:
    """Change a product."""
    async with shop.database.write() as session:
        data = ProductChange.parse(fields)
        await provide_products(session, shop).change(CALLER, product_id, data)


async def by_order(shop: Shop, product_id: UUID, quantity: int) -> None:
    """Take units out by an order, or return them by the cancellation of the newest order."""
    if quantity < 0:
        await place(shop, basket(await buyer_in(shop), {product_id: -quantity}))
    else:
        await cancel_latest(shop)


async def by_message(shop: Shop, product_id: UUID, quantity: int) -> None:
    """Take units out by an order from a queue."""
    body = basket(await buyer_in(shop), {product_id: -quantity})
    await Pipeline(shop).process([message("order", body)])


async def by_movement(shop: Shop, product_id: UUID, quantity: int) -> None:
    """Change the stock by a stock movement."""
    data = StockMovementCreate.parse({"quantity": quantity, "reason": "stocktake"})
    async with shop.database.write() as session:
        await provide_stock(session, shop).move(CALLER, product_id, data)


async def by_imported_order(shop: Shop, product_id: UUID, quantity: int) -> None:
    """Take units out by an order in an imported file."""
    await buyer_in(shop)
    async with shop.database.read() as session:
        sku = (await session.get_one(Product, product_id)).sku
    folder = Path(str(shop.settings.data_dir))
    folder.mkdir(exist_ok=True)
    path = folder / "orders.csv"
    head = "reference,username,placed_at,sku,quantity,unit_price\n"
    row = f"r1,{USER['username']},2026-01-01T10:00:00Z,{sku},{-quantity},1.00\n"
    path.write_text(head + row, "utf-8")
    await import_files(shop, [path], options=ImportOptions(moves_stock=True))


WAYS: dict[str, Change] = {
    "an order": by_order,
    "a message": by_message,
    "a movement": by_movement,
    "an import": by_imported_order,
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_list_is_kept_while_no_availability_changes(
    kept: Shop, way: str, tmp_path: Path
) -> None:
    with patch.object(kept, "settings", kept.settings.model_copy(update={"data_dir": tmp_path})):
        product_id = await offer(kept, stock_quantity=LOW + 3)
        assert await words(kept) == ["in_stock"]
        await WAYS[way](kept, product_id, -2)
    assert await tier_of(kept) is Tier.NEAR


@pytest.mark.parametrize(
    ("before", "quantity", "after"),
    [(LOW + 1, -1, "low"), (2, -2, "out_of_stock"), (LOW + 3, -LOW - 3, "out_of_stock")],
)
@pytest.mark.parametrize("way", WAYS)
async def test_a_list_is_dropped_when_a_product_becomes_scarce(
    kept: Shop, way: str, before: int, quantity: int, after: str, tmp_path: Path
) -> None:
    with patch.object(kept, "settings", kept.settings.model_copy(update={"data_dir": tmp_path})):
        product_id = await offer(kept, stock_quantity=before)
        await words(kept)
        await WAYS[way](kept, product_id, quantity)
    assert await tier_of(kept) is Tier.MISS
    assert await words(kept) == [after]


async def test_a_list_is_dropped_when_a_product_is_in_stock_again(kept: Shop) -> None:
    product_id = await offer(kept, stock_quantity=2)
    await by_order(kept, product_id, -2)
    assert await words(kept) == ["out_of_stock"]
    await by_order(kept, product_id, 2)
    assert await words(kept) == ["low"]
    await by_movement(kept, product_id, LOW - 2)
    assert await tier_of(kept) is not Tier.MISS
    await by_movement(kept, product_id, 1)
    assert await words(kept) == ["in_stock"]


async def test_a_new_stock_quantity_changes_the_listing(kept: Shop) -> None:
    product_id = await offer(kept, stock_quantity=LOW + 1)
    await words(kept)
    await change(kept, product_id, stock_quantity=0)
    assert await words(kept) == ["out_of_stock"]
    data = {"product_id": str(product_id), "product_data": {"stock_quantity": LOW}}
    await Pipeline(kept).process([message("product_update", data)])
    assert await words(kept) == ["low"]


async def test_cached_lists_equal_the_lists_of_the_database_after_every_commit(kept: Shop) -> None:
    chance = random.Random(15)
    user_id = await buyer_in(kept)
    ids = [await offer(kept, stock_quantity=number, name=f"Tea {number}") for number in range(8)]
    hits = 0
    for step in range(STEPS):
        before = await _stock(kept)
        for query in QUERIES:
            await shown(kept, query)
        is_listed_anew = await _step(kept, chance, user_id, ids)
        is_listed_anew |= _words_of(before) != _words_of(await _stock(kept))
        cached = [await shown(kept, query) for query in QUERIES]
        with patch.object(kept, "cache", Cache(None, None)):
            assert [body for _, body in cached] == [
                (await shown(kept, query))[1] for query in QUERIES
            ], step
        tiers = {Tier.MISS} if is_listed_anew else {Tier.NEAR}
        assert {tier for tier, _ in cached} == tiers, step
        hits += not is_listed_anew
    assert STEPS / 5 < hits < STEPS


async def _stock(shop: Shop) -> dict[UUID, int]:
    async with shop.database.read() as session:
        rows = await session.execute(select(Variant.id, Variant.stock_quantity))
        return {row.id: row.stock_quantity for row in rows}


def of(quantity: int, **fields: Any) -> Variant:
    """Return a variant with a quantity in stock."""
    policy = {"tracks_stock": True, "allows_backorder": False, "low_stock_at": None}
    return Variant(stock_quantity=quantity, **policy | fields)


def _words_of(stock: Mapping[UUID, int]) -> dict[UUID, Availability]:
    return {each: availability_of(of(quantity), LOW) for each, quantity in stock.items()}


async def _step(shop: Shop, chance: random.Random, user_id: UUID, ids: list[UUID]) -> bool:
    """Make a random change; return whether lists show more of it than an availability."""

    def some() -> dict[str, Any]:
        return basket(user_id, {each: chance.randint(1, 3) for each in chance.sample(ids, 2)})

    product_id = chance.choice(ids)
    match chance.randrange(7):
        case 0:
            await place(shop, some())
        case 1:
            await place(shop, some(), some(), some())
        case 2:
            await Pipeline(shop).process([message("order", some()) for _ in range(3)])
        case 3:
            await cancel_latest(shop)
        case 4 | 5:
            with suppress(DomainError):
                await by_movement(shop, product_id, chance.choice((-3, -1, 1, 2, 4)))
        case 6:
            await change(shop, product_id, price=f"{chance.randint(1, 9)}.00", stock_quantity=6)
            return True
    return False


async def test_a_changed_threshold_applies_after_the_next_start(tmp_path: Path) -> None:
    async with opened(sqlite_settings(tmp_path)) as shop:
        await offer(shop, stock_quantity=LOW)
        assert await words(shop) == ["low"]
        assert await tier_of(shop) is Tier.NEAR
        stricter = shop.settings.model_copy(update={"low_stock_at": LOW - 1})
        restarted = Shop(stricter)
        await prepare(restarted)
        assert await words(restarted) == ["in_stock"]
        await restarted.close()


@pytest.mark.parametrize(
    ("quantity", "low_stock_at", "word"),
    [
        (0, 5, "out_of_stock"),
        (1, 5, "low"),
        (5, 5, "low"),
        (6, 5, "in_stock"),
        (0, 0, "out_of_stock"),
        (1, 0, "in_stock"),
    ],
)
def test_availability_depends_on_stock_and_threshold(
    quantity: int, low_stock_at: int, word: str
) -> None:
    assert availability_of(of(quantity), low_stock_at) == word


@pytest.mark.parametrize(
    ("quantity", "fields", "word"),
    [
        (3, {"low_stock_at": 2}, "in_stock"),
        (2, {"low_stock_at": 2}, "low"),
        (0, {"allows_backorder": True}, "backorder"),
        (-4, {"allows_backorder": True}, "backorder"),
        (1, {"allows_backorder": True}, "low"),
        (-4, {"tracks_stock": False}, "in_stock"),
    ],
)
def test_availability_depends_on_the_stock_policy_of_the_variant(
    quantity: int, fields: dict[str, Any], word: str
) -> None:
    assert availability_of(of(quantity, **fields), LOW) == word


def test_the_availability_of_a_product_is_that_of_its_best_variant() -> None:
    in_order = list(Availability)
    assert [best_of(in_order[:count]) for count in range(1, 5)] == in_order
    assert best_of([]) is Availability.OUT_OF_STOCK


def test_a_new_product_has_a_new_listing() -> None:
    assert Product(name="Tea").has_new_listing
