"""Products of earlier releases become products with a variant, and variants become products."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from app.wiring.resources import Shop
from tests.conftest import client_of, running
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import every, movements_of, stock_of
from tests.test_database.schema_steps import downgrade, found, upgrade

BEFORE = "0014"
SHIRT: dict[str, Any] = {
    "name": "Shirt",
    "sku": "SHIRT-S",
    "price": "20.00",
    "stock_quantity": 5,
    "option_values": {"Size": "S", "Colour": "red"},
    "variants": [
        {"sku": "SHIRT-M", "option_values": {"Size": "M", "Colour": "red"}, "stock_quantity": 7}
    ],
}


@pytest.fixture(name="shop")
def shop_without_a_schema(bare_shop: Shop) -> Shop:
    """A shop whose database is empty, on each database in turn."""
    return bare_shop


async def _old_products(shop: Shop) -> list[tuple[Any, ...]]:
    async with shop.database.read() as session:
        rows = await session.execute(
            text("SELECT sku, name, price_minor, stock_quantity, is_active FROM products")
        )
        return sorted(tuple(row) for row in rows)


async def _orphans(shop: Shop) -> list[Any]:
    """Return the rows without a variant; SQLite does not check existing rows."""
    async with shop.database.read() as session:
        return [
            row
            for name in ("stock_movements", "order_items", "report_products")
            for row in await session.execute(
                text(f"SELECT 1 FROM {name} WHERE variant_id NOT IN (SELECT id FROM variants)")
            )
        ]


async def test_a_product_keeps_its_id_its_stock_and_its_orders(shop: Shop) -> None:
    async with (
        running(with_routes_of(Shop(shop.settings), WITH_ORDERS)) as app,
        client_of(app) as client,
    ):
        user = await create_user(client)
        product = await create_product(client, name="Green Tea", stock_quantity=9)
        order = await place_order(client, user["id"], {product["id"]: 4})
        await downgrade(shop.database, BEFORE)
        assert await _old_products(shop) == [(product["sku"], "Green Tea", 499, 5, True)]
        await upgrade(shop.database, "head")
        assert await _orphans(shop) == []
        assert (await client.get(f"/orders/{order['id']}")).json() == order
        assert await stock_of(client, product["id"]) == 5
        assert await movements_of(client, product["id"]) == [("supply", 9), ("sale", -4)]
        assert await found(client, "green") == ["Green Tea"]
        (listed,) = await every(client, "/products")
        assert (listed["availability"], listed["price"]) == ("in_stock", "4.99")
        await place_order(client, user["id"], {product["id"]: 5})
        assert await stock_of(client, product["id"]) == 0


async def test_each_variant_becomes_a_product_of_the_older_release(shop: Shop) -> None:
    async with (
        running(with_routes_of(Shop(shop.settings), WITH_ORDERS)) as app,
        client_of(app) as client,
    ):
        user = await create_user(client)
        shirt = await create_product(client, **SHIRT)
        items = [{"variant_id": each["id"], "quantity": 2} for each in shirt["variants"]]
        body = {"user_id": user["id"], "items": items}
        order = (await client.post("/orders", json=body)).json()
        assert Decimal(order["total"]) == 80
        await downgrade(shop.database, BEFORE)
        assert await _old_products(shop) == [
            ("SHIRT-M", "Shirt, M, red", 2000, 5, True),
            ("SHIRT-S", "Shirt, S, red", 2000, 3, True),
        ]
        await upgrade(shop.database, "head")
        assert await _orphans(shop) == []
        assert await found(client, "shirt") == ["Shirt, M, red", "Shirt, S, red"]
        again = (await client.get(f"/orders/{order['id']}")).json()
        assert [each["sku"] for each in again["items"]] == ["SHIRT-S", "SHIRT-M"]
        assert [each["product_id"] for each in again["items"]] == [
            each["id"] for each in shirt["variants"]
        ]
