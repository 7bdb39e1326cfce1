"""Carts that are ordered together need as many statements as one."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.schemas.orders.checkout_schema import CheckoutCreate
from app.schemas.orders.order_schema import OrderRead
from app.services.orders.placement import AskedCheckout
from app.wiring.areas.orders import provide_orders
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.queries import statements_of
from tests.test_controllers.promotions.setting import add_code, add_promotion
from tests.test_services.checkout.races import Ready, ready_carts
from tests.test_services.promotions.checkout import assert_counted, used

MANY = 20


async def checked_out(shop: Shop, carts: list[Ready], total: str) -> int:
    """Order carts in one transaction; return the number of statements."""
    data = CheckoutCreate.parse(
        {"payment": "manual", "expected_total": total, "terms_accepted": True}
    )
    asked = [AskedCheckout(each.visitor, each.cart_id, data) for each in carts]
    with statements_of(shop) as statements:
        async with shop.database.write() as session:
            placed = await provide_orders(session, shop).place_many(asked)
    assert [type(each) for each in placed] == [OrderRead] * len(carts)
    return len(statements)


async def test_many_carts_take_the_same_number_of_statements_as_one(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="10.00", stock_quantity=1_000)
    one, *others = await ready_carts(shop, UUID(tea["id"]), MANY + 1)
    count = await checked_out(shop, [one], "10.00")
    assert await checked_out(shop, others, "10.00") == count


@pytest.mark.parametrize("limits", [{}, {"per_customer_limit": 1}, {"first_order_only": True}])
async def test_many_carts_with_promotions_take_the_same_statements_as_one(
    client: httpx.AsyncClient, shop: Shop, limits: dict[str, Any]
) -> None:
    tea = await create_product(client, price="10.00", stock_quantity=1_000)
    code = await add_code(client, "TENTH", usage_limit=MANY + 1, **limits)
    await add_promotion(client, percent="20", combines=True)
    one, *others = await ready_carts(shop, UUID(tea["id"]), MANY + 1, "TENTH")
    count = await checked_out(shop, [one], "7.20")
    assert await checked_out(shop, others, "7.20") == count
    assert await used(client, code) == MANY + 1
    await assert_counted(shop)
