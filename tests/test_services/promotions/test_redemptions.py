"""Orders use promotions, return their uses, and are refused if a promotion is used up."""

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.core.email_addresses import address_key
from app.errors import CodeDoesNotApply
from app.models import Redemption
from app.wiring.resources import Shop
from tests.support.factories import create_user
from tests.support.refusals import places_of, problem_of
from tests.support.tables import everything
from tests.test_controllers.promotions.setting import add_code, add_coupons, add_promotion
from tests.test_services.promotions.checkout import (
    Priced,
    assert_counted,
    give_back,
    new_order,
    priced,
    redeem,
    used,
)


async def refused_redeeming(shop: Shop, order_id: str, cart: Priced, buyer: str) -> str:
    """Return the refusal of an order to use the promotions of a cart, without counted uses."""
    before = await everything(shop)
    with pytest.raises(CodeDoesNotApply) as refusal:
        await redeem(shop, order_id, cart, buyer)
    assert await everything(shop) == before
    problem = refusal.value.as_problem()
    assert (problem["status"], problem["type"]) == (409, "urn:problem:code-does-not-apply")
    return str(problem["reason"])


async def test_a_code_with_one_use_is_used_once(client: httpx.AsyncClient, shop: Shop) -> None:
    promotion = await add_code(client, "ONCE", usage_limit=1, label="once")
    first, second = await priced(shop, "ONCE"), await priced(shop, "once")
    one, buyer = await new_order(client)
    other, stranger = await new_order(client)
    await redeem(shop, one, first, buyer)
    assert await refused_redeeming(shop, other, second, stranger) == "used-up"
    assert (await priced(shop, "ONCE")).refusals == {"once": "used-up"}
    assert await used(client, promotion) == 1
    await assert_counted(shop)


async def test_the_limit_of_a_promotion_counts_all_its_codes(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    promotion = await add_promotion(client, trigger="code", usage_limit=1)
    codes = [each["code"] for each in await add_coupons(client, promotion, count=2)]
    carts = [await priced(shop, each) for each in codes]
    orders = [await new_order(client) for _ in codes]
    await redeem(shop, orders[0][0], carts[0], orders[0][1])
    assert await refused_redeeming(shop, orders[1][0], carts[1], orders[1][1]) == "used-up"
    await assert_counted(shop)


async def test_a_cancelled_order_returns_its_use_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    promotion = await add_code(client, "ONCE", usage_limit=1)
    cart = await priced(shop, "ONCE")
    one, buyer = await new_order(client)
    await redeem(shop, one, cart, buyer)
    for _ in range(2):
        await give_back(shop, one)
        assert await used(client, promotion) == 0
        await assert_counted(shop)
    other, stranger = await new_order(client)
    await redeem(shop, other, await priced(shop, "ONCE"), stranger)
    await give_back(shop, one)
    assert await used(client, promotion) == 1
    await assert_counted(shop)


async def test_a_customer_uses_a_promotion_as_often_as_it_allows(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await add_code(client, "TWICE", per_customer_limit=2, label="twice")
    cart = await priced(shop, "TWICE")
    first, buyer = await new_order(client)
    orders = [first, *[(await new_order(client, buyer))[0] for _ in range(2)]]
    for each in orders[:2]:
        await redeem(shop, each, cart, buyer)
    assert await refused_redeeming(shop, orders[2], cart, buyer) == "already-used"
    assert (await priced(shop, "TWICE", customer=buyer)).refusals == {"twice": "already-used"}
    other, stranger = await new_order(client)
    await redeem(shop, other, cart, stranger)
    await give_back(shop, first)
    await redeem(shop, orders[2], cart, buyer)
    await assert_counted(shop)


async def test_a_guest_is_identified_by_the_key_of_the_email_address(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await add_code(client, "ONCE", per_customer_limit=1, label="once")
    order_id, _ = await new_order(client)
    guest = address_key("Ada.Lovelace@Example.com")
    await redeem(shop, order_id, await priced(shop, "ONCE", customer=guest), guest)
    assert (await priced(shop, "ONCE", customer=guest)).refusals == {"once": "already-used"}
    assert (await priced(shop, "ONCE", customer="b@example.com")).refusals == {}


@pytest.mark.parametrize("is_guest", [False, True])
async def test_a_promotion_for_first_orders_applies_to_no_later_order(
    client: httpx.AsyncClient, shop: Shop, is_guest: bool
) -> None:
    await add_code(client, "HELLO", first_order_only=True, label="hello")
    user = await create_user(client)
    key = address_key(user["email"]) if is_guest else user["id"]
    cart = await priced(shop, "HELLO", customer=key)
    first, _ = await new_order(client, user["id"])
    await redeem(shop, first, cart, key)
    assert (await priced(shop, "HELLO", customer=key)).refusals == {"hello": "not-first-order"}
    second, _ = await new_order(client, user["id"])
    assert await refused_redeeming(shop, second, cart, key) == "not-first-order"
    for each in (first, second):
        await client.post(f"/orders/{each}/cancel")
    assert (await priced(shop, "HELLO", customer=key)).refusals == {}


@pytest.mark.parametrize("is_coupon", [False, True])
async def test_a_promotion_that_was_switched_off_after_the_quote_is_refused(
    client: httpx.AsyncClient, shop: Shop, is_coupon: bool
) -> None:
    promotion = await add_promotion(client, trigger="code")
    (coupon,) = await add_coupons(client, promotion, code="SUMMER")
    cart = await priced(shop, "SUMMER")
    order_id, buyer = await new_order(client)
    path = f"/promotions/{promotion['id']}"
    path += f"/coupons/{coupon['id']}" if is_coupon else ""
    assert (await client.patch(path, json={"is_active": False})).status_code == 200
    assert await refused_redeeming(shop, order_id, cart, buyer) == "inactive"


async def test_a_promotion_that_has_ended_after_the_quote_is_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    promotion = await add_code(client, "SUMMER")
    cart = await priced(shop, "SUMMER")
    order_id, buyer = await new_order(client)
    assert (await client.delete(f"/promotions/{promotion['id']}")).status_code == 204
    assert await refused_redeeming(shop, order_id, cart, buyer) == "inactive"
    assert (await priced(shop, "SUMMER")).unknown == ("SUMMER",)


async def test_the_uses_of_an_order_are_kept_when_the_promotion_ends(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    promotion = await add_promotion(client, trigger="code")
    codes = [each["code"] for each in await add_coupons(client, promotion, count=2)]
    order_id, buyer = await new_order(client)
    await redeem(shop, order_id, await priced(shop, codes[0]), buyer)
    path = f"/promotions/{promotion['id']}"
    assert (await client.delete(path)).status_code == 204
    assert problem_of(await client.get(path))["type"] == "urn:problem:promotion-not-found"
    assert set((await priced(shop, *codes)).unknown) == set(codes)
    other = await add_promotion(client, trigger="code")
    taken = await client.post(f"/promotions/{other['id']}/coupons", json={"code": codes[0]})
    assert problem_of(taken)["type"] == "urn:problem:coupon-exists"
    await add_coupons(client, other, code=codes[1])
    await give_back(shop, order_id)
    await assert_counted(shop)


async def test_a_promotion_that_does_not_apply_is_not_counted(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    applied = await add_promotion(client, percent="20", combines=False)
    ten = await add_promotion(client)
    order_id, buyer = await new_order(client)
    await redeem(shop, order_id, await priced(shop), buyer)
    assert (await used(client, applied), await used(client, ten)) == (1, 0)
    await assert_counted(shop)


async def test_a_cart_without_promotions_uses_nothing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order_id, buyer = await new_order(client)
    await redeem(shop, order_id, await priced(shop), buyer)
    await give_back(shop, order_id)
    async with shop.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Redemption)) == 0


@pytest.mark.parametrize("is_coupon", [False, True])
async def test_a_limit_is_not_set_below_the_number_of_uses(
    client: httpx.AsyncClient, shop: Shop, is_coupon: bool
) -> None:
    promotion = await add_promotion(client, trigger="code")
    (coupon,) = await add_coupons(client, promotion, code="SUMMER")
    for _ in range(2):
        order_id, buyer = await new_order(client)
        await redeem(shop, order_id, await priced(shop, "SUMMER"), buyer)
    path = f"/promotions/{promotion['id']}"
    path += f"/coupons/{coupon['id']}" if is_coupon else ""
    body: dict[str, Any] = {"usage_limit": 1}
    wrong = {"#/usage_limit": "must be at least 2, the number of uses"}
    assert places_of(problem_of(await client.patch(path, json=body))) == wrong
    changed = (await client.patch(path, json={"usage_limit": 2})).json()
    assert (changed["usage_limit"], changed["used"]) == (2, 2)
