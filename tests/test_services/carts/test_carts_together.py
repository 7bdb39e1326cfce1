"""Concurrent changes of carts, and the number of statements of their quotes."""

import asyncio
from types import ModuleType
from unittest.mock import patch
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import delete, insert, select

from app.models import Base, Cart, CartLine, Product, Variant
from app.repositories.carts import cart_repository
from app.repositories.promotions import redemption_repository
from app.services.carts import cart_claims, cart_service
from app.wiring.resources import Shop
from tests.support.accounts import someone
from tests.support.factories import create_product, create_user
from tests.support.queries import statements_of
from tests.test_controllers.carts.setting import DE, guest, quantities, user
from tests.test_controllers.promotions.setting import add_code, add_promotion
from tests.test_controllers.shipping.test_shipping_methods import add_method
from tests.test_controllers.taxes.test_tax_rates import add_rate
from tests.test_services.carts import model

ADDS, SEQUENCES = 50, 15
MOST_STATEMENTS = 6


async def test_50_concurrently_added_units_are_50(client: httpx.AsyncClient) -> None:
    tea, coffee = await create_product(client), await create_product(client)
    cart = await guest(client)
    await asyncio.gather(*(cart.add(each) for each in (tea, coffee) for _ in range(ADDS)))
    assert quantities(await cart.read()) == {tea["id"]: ADDS, coffee["id"]: ADDS}


@pytest.mark.parametrize("module", [cart_repository, redemption_repository])
async def test_the_statements_of_a_cart_are_built_once(
    client: httpx.AsyncClient, module: ModuleType
) -> None:
    await add_promotion(client)
    tea, coffee = await create_product(client), await create_product(client)
    cart = await guest(client)
    await cart.add(tea)
    # Building the statement about promotions takes a third of the response time.
    with patch.object(module, "select", side_effect=AssertionError("built again")):
        await cart.add(coffee)
        assert quantities(await cart.read()) == {tea["id"]: 1, coffee["id"]: 1}


async def test_concurrent_claims_have_one_effect(client: httpx.AsyncClient) -> None:
    tea, ada = await create_product(client), await someone(client)
    carts = [await guest(client) for _ in range(5)]
    for cart in carts:
        await cart.add(tea, 2)
    answers = await asyncio.gather(
        *(
            client.post(f"/carts/{cart.cart_id}/claim", headers=cart.headers | ada.headers)
            for cart in carts
            for _ in range(3)
        ),
        *(client.post("/carts", json={}, headers=ada.headers) for _ in range(3)),
    )
    # Only the first request can create a cart of the user.
    assert sorted(answer.status_code for answer in answers)[:-1] == [200] * 17
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert quantities(await (await user(client, ada, 200)).read()) == {tea["id"]: 2}


async def test_random_changes_and_claims_agree_with_the_model(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (cart_service, cart_claims):
        monkeypatch.setattr(module, "MAX_LINES", model.MOST_LINES)
    variants = [UUID((await create_product(client))["id"]) for _ in range(6)]
    user_id = UUID((await create_user(client))["id"])
    for seed in range(SEQUENCES):
        await model.run_sequence(shop, seed, variants, user_id)
        async with shop.database.write() as session:
            await session.execute(delete(Cart))


async def multiply(shop: Shop, cart_id: str, product_id: str, count: int) -> None:
    """Add copies of a product, each with a line of its own in a cart that has a line of it."""
    ids = [uuid4() for _ in range(count)]
    copied: tuple[tuple[type[Base], str, tuple[str, ...]], ...] = (
        (Product, "id", ("id",)),
        (Variant, "product_id", ("id", "product_id")),
        (CartLine, "variant_id", ("variant_id",)),
    )
    async with shop.database.write() as session:
        for table, key, own in copied:
            where = table.__table__.c[key] == UUID(product_id)
            row = (await session.execute(select(table.__table__).where(where))).mappings().one()
            assert row.get("cart_id", UUID(cart_id)) == UUID(cart_id)
            rows = [dict(row) | dict.fromkeys(own, each) for each in ids]
            for number, each in enumerate(rows, start=2):
                each |= {"sku": f"COPY-{number}"} if "sku" in row else {"position": number}
            await session.execute(insert(table), rows)


async def test_a_cart_of_100_lines_is_read_with_6_statements(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update={"tax_origin": "DE"}))
    await add_rate(client)
    method = await add_method(client, max_weight_grams=None)
    cart = await guest(
        client, email="ada@example.com", delivery_address=DE, shipping_method_id=method["id"]
    )
    tea = await create_product(client)
    await cart.add(tea)
    await multiply(shop, cart.cart_id, tea["id"], 99)
    category = (await client.get("/categories")).json()["items"]
    await add_promotion(client, category_ids=[category[0]["id"]])
    await add_code(client, "ONCE", per_customer_limit=1, first_order_only=True)
    await cart.enter("ONCE")
    with statements_of(shop) as statements:
        shown = await cart.read()
    assert (len(shown["lines"]), len(shown["discounts"])) == (100, 2)
    assert len(statements) <= MOST_STATEMENTS, [each.sql for each in statements]
