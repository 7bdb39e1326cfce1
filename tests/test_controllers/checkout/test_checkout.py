"""A cart is ordered once, at the total that the customer has seen, or not at all."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.accounts import later, mails_of, someone
from tests.support.factories import create_product
from tests.support.refusals import NOTHING, problem_of
from tests.support.tables import everything
from tests.test_controllers.carts.setting import DE, guest, quantities, shown, user
from tests.test_controllers.checkout.setting import (
    BERLIN,
    check_out,
    expire,
    order_row,
    ordered,
    ready,
    stock_of,
)
from tests.test_controllers.promotions.setting import FIVE, add_code, add_promotion
from tests.test_controllers.shipping.test_shipping_methods import add_method
from tests.test_controllers.taxes.test_tax_rates import add_rate
from tests.test_services.promotions.checkout import assert_counted, used

HOLD = timedelta(hours=72)


async def test_a_guest_orders_the_content_of_the_cart(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, name="Tea", price="4.99", stock_quantity=10)
    cart = await ready(nobody, {tea["id"]: 2}, note="Please ring twice.", locale="de")
    response = await check_out(cart)
    assert response.status_code == 201, response.text
    order = response.json()
    assert response.headers["Location"] == f"/api/v1/orders/{order['id']}"
    assert (order["user_id"], order["status"], order["total"]) == (None, "pending", "9.98")
    assert (order["email"], order["note"], order["locale"]) == (
        "ada@example.com",
        "Please ring twice.",
        "de",
    )
    assert order["delivery_address"] == BERLIN | {"region": ""}
    assert order["history"][0]["actor"] == "guest"
    row = await order_row(shop, order["id"])
    assert row.pay_by is not None
    assert abs(row.pay_by - row.created_at - HOLD) < timedelta(seconds=1)
    assert await stock_of(client, tea) == 8
    assert (await cart.send("GET", "/order")).json() == order
    assert (await client.get(f"/orders/{order['id']}")).json() == order
    (mail,) = await mails_of(shop)
    assert (mail.recipient, mail.user_id) == ("ada@example.com", None)
    assert f"{order['number']}" in mail.subject and "9,98" in mail.body
    assert "\n10117 Berlin\nDEUTSCHLAND\n" in mail.body and "GERMANY" not in mail.body


async def test_the_order_of_a_user_has_the_users_own_email_address(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea, ada = await create_product(client), await someone(client)
    cart = await user(nobody, ada, delivery_address=BERLIN)
    await cart.add(tea)
    order = await ordered(cart)
    assert (order["user_id"], order["email"]) == (ada.id, ada.user["email"])
    assert order["history"][0]["actor"] == f"user {ada.id}"
    assert (await nobody.get(f"/orders/{order['id']}", headers=ada.headers)).json() == order
    # The user gets a new cart afterwards.
    assert (await user(nobody, ada)).cart_id != cart.cart_id


async def test_a_repeated_checkout_is_the_same_order(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, stock_quantity=10)
    cart = await ready(nobody, {tea["id"]: 1})
    order = await ordered(cart)
    again = await asyncio.gather(*(check_out(cart, "1.00") for _ in range(5)))
    assert [(each.status_code, each.json()) for each in again] == [(201, order)] * 5
    assert await stock_of(client, tea) == 9
    assert len(await mails_of(shop)) == 1


async def test_concurrent_checkouts_of_one_cart_are_one_order(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea = await create_product(client, price="1.00", stock_quantity=10)
    cart = await ready(nobody, {tea["id"]: 1})
    answers = await asyncio.gather(*(check_out(cart, "1.00") for _ in range(8)))
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["id"] for each in answers}) == 1
    assert await stock_of(client, tea) == 9


async def test_an_idempotency_key_repeats_the_response_to_a_checkout(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea = await create_product(client, price="1.00")
    cart = await ready(nobody, {tea["id"]: 1})
    body = {"payment": "manual", "expected_total": "1.00", "terms_accepted": True}
    headers = cart.headers | {"Idempotency-Key": "a-key"}
    path = f"/carts/{cart.cart_id}/checkout"
    first, second = [await nobody.post(path, json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, second.json()) == (201, first.json())
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_an_order_has_the_amounts_of_its_cart(
    client: httpx.AsyncClient,
    nobody: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update={"tax_origin": "DE"}))
    await add_rate(client)
    await add_rate(client, tax_class="reduced", rate="7")
    method = await add_method(client, rates=[{"currency": "USD", "amount": "4.90"}])
    goods = {
        (await create_product(client, **fields))["id"]: quantity
        for fields, quantity in (
            ({"price": "9.99", "category": "A"}, 3),
            ({"price": "24.50", "tax_class": "reduced"}, 1),
            ({"price": "4.95"}, 2),
        )
    }
    first = next(iter(goods))
    promotion = await add_promotion(client, label="10 % off A", product_ids=[first])
    coupon = await add_code(client, "FIVE", effect="amount_order", percent=None, amounts=FIVE)
    cart = await ready(nobody, goods, shipping_method_id=method["id"])
    quote = await cart.enter("FIVE")
    order = await ordered(cart)
    assert order["total"] == quote["total"] == "61.27"
    for name in ("discount", "shipping", "shipping_tax", "tax", "taxes"):
        assert order[name] == quote[name]
    same = ("discount", "tax", "tax_rate", "quantity", "sku", "name")
    assert [{name: item.get(name) for name in same} for item in order["items"]] == [
        {name: line.get(name) for name in same} for line in quote["lines"]
    ]
    assert [(each.get("code"), each["amount"]) for each in order["discounts"]] == [
        (None, "3.00"),
        *(("FIVE", amount) for amount in ("2.20", "1.99", "0.81")),
    ]
    for each in (promotion, coupon):
        assert await used(client, each) == 1
    await assert_counted(shop)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"payment": "stripe"}, "payment"),
        ({"terms_accepted": False}, "terms_accepted"),
        ({"expected_total": "a lot"}, "expected_total"),
        ({"colour": "red"}, "colour"),
    ],
)
@pytest.mark.any_database
async def test_a_request_that_is_not_valid_orders_nothing(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, fields: dict[str, Any], place: str
) -> None:
    cart = await ready(nobody, {(await create_product(client))["id"]: 1})
    problem = problem_of(await check_out(cart, **fields))
    assert [each["pointer"] for each in problem["errors"]] == [f"#/{place}"]
    assert "order_id" not in await cart.read()


async def test_a_cart_with_another_total_is_not_ordered(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="4.99")
    cart = await ready(nobody, {tea["id"]: 1})
    await client.patch(f"/products/{tea['id']}", json={"price": "5.49"})
    before = await everything(shop)
    problem = problem_of(await check_out(cart, "4.99"))
    assert problem["type"] == "urn:problem:cart-changed"
    assert (problem["total"], problem["currency"]) == ("5.49", "USD")
    assert await everything(shop) == before
    assert (await check_out(cart, "5.490")).status_code == 201


async def test_missing_fields_of_a_checkout_are_named(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="1.00")
    method = await add_method(client, rates=[{"currency": "USD", "amount": "0.00"}])
    pickup = await add_method(
        client, name="Collect", is_pickup=True, rates=[{"currency": "USD", "amount": "0.00"}]
    )
    empty = await guest(nobody)
    assert problem_of(await check_out(empty))["type"] == "urn:problem:cart-empty"
    cart = await guest(nobody)
    await cart.add(tea)
    assert problem_of(await check_out(cart))["type"] == "urn:problem:shipping-method-unfit"
    for fields, pointers in (
        ({"shipping_method_id": method["id"]}, ["email", "delivery_address"]),
        ({"email": "ada@example.com"}, ["delivery_address"]),
        ({"delivery_address": DE}, ["delivery_address/recipient"]),
        (
            {"delivery_address": BERLIN | {"postal_code": "1011"}},
            ["delivery_address/postal_code"],
        ),
        ({"delivery_address": BERLIN, "billing_address": DE}, ["billing_address/recipient"]),
    ):
        await cart.change(**fields)
        before = await everything(shop)
        problem = problem_of(await check_out(cart))
        assert problem["type"] == "urn:problem:address-incomplete"
        assert [each["pointer"] for each in problem["errors"]] == [f"#/{each}" for each in pointers]
        assert await everything(shop) == before
    await cart.change(delivery_address=None, billing_address=None, shipping_method_id=pickup["id"])
    assert (await ordered(cart))["delivery_address"] is None


async def test_a_cart_in_another_currency_is_not_ordered(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop, monkeypatch: Any
) -> None:
    settings = shop.settings.model_copy(update={"shop_currencies": ("USD", "JPY")})
    monkeypatch.setattr("app.schemas.fields.get_settings", lambda: settings)
    cart = await ready(nobody, {(await create_product(client))["id"]: 1})
    await cart.change(currency="JPY")
    assert problem_of(await check_out(cart))["type"] == "urn:problem:not-sold-in-currency"


async def test_sold_out_or_archived_products_are_not_ordered(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="1.00", stock_quantity=1)
    cart = await ready(nobody, {tea["id"]: 2})
    before = await everything(shop)
    assert problem_of(await check_out(cart))["type"] == "urn:problem:insufficient-stock"
    assert await everything(shop) == before
    await cart.put(tea["id"], 1)
    await client.patch(f"/products/{tea['id']}", json={"is_active": False})
    assert problem_of(await check_out(cart, "1.00"))["type"] == "urn:problem:product-not-for-sale"
    await client.delete(f"/products/{tea['id']}")
    assert problem_of(await check_out(cart, "1.00"))["type"] == "urn:problem:variant-not-found"


async def test_an_ordered_cart_does_not_change(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea, ada = await create_product(client), await someone(client)
    cart = await ready(nobody, {tea["id"]: 1})
    order = await ordered(cart)
    assert (await cart.read())["order_id"] == order["id"]
    for method, path, sent in (
        ("PATCH", "", {"json": {"note": "late"}}),
        ("POST", "/lines", {"json": {"product_id": tea["id"], "quantity": 1}}),
        ("PUT", f"/lines/{tea['id']}", {"json": {"quantity": 1}}),
        ("DELETE", f"/lines/{tea['id']}", {}),
        ("POST", "/codes", {"json": {"code": "LATE"}}),
        ("DELETE", "/codes?code=LATE", {}),
    ):
        problem = problem_of(await cart.send(method, path, **sent))
        assert (problem["type"], problem["order_id"]) == ("urn:problem:cart-ordered", order["id"])
    claim = await nobody.post(f"/carts/{cart.cart_id}/claim", headers=cart.headers | ada.headers)
    assert problem_of(claim)["type"] == "urn:problem:cart-ordered"


async def test_the_order_of_a_cart_is_open_to_its_customer_only(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea, eve = await create_product(client), await someone(client)
    cart, other = await ready(nobody, {tea["id"]: 1}), await guest(nobody)
    assert problem_of(await cart.send("GET", "/order"))["type"] == "urn:problem:order-not-found"
    problem = problem_of(await cart.send("POST", "/order/cancel"))
    assert problem["type"] == "urn:problem:order-not-found"
    order = await ordered(cart)
    for headers in ({}, other.headers, eve.headers, eve.headers | other.headers):
        for method, path in (("GET", "order"), ("POST", "order/cancel")):
            answer = await nobody.request(method, f"/carts/{cart.cart_id}/{path}", headers=headers)
            assert problem_of(answer)["type"] == "urn:problem:cart-not-found"
    problem = problem_of(await nobody.get(f"/orders/{order['id']}", headers=eve.headers))
    assert problem["type"] == "urn:problem:order-not-found"
    body = {"payment": "manual", "expected_total": "1.00", "terms_accepted": True}
    answer = await nobody.post(f"/carts/{NOTHING}/checkout", json=body, headers=cart.headers)
    assert problem_of(answer)["type"] == "urn:problem:cart-not-found"


async def test_a_cancelled_order_returns_stock_and_uses_of_promotions(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="10.00", stock_quantity=10)
    coupon = await add_code(client, "ONCE", usage_limit=1, per_customer_limit=1)
    cart = await ready(nobody, {tea["id"]: 3})
    await cart.enter("ONCE")
    before = await cart.read()
    order = await ordered(cart)
    assert (order["total"], await stock_of(client, tea), await used(client, coupon)) == (
        "27.00",
        7,
        1,
    )
    cancelled = shown(await cart.send("POST", "/order/cancel"))
    assert (cancelled["status"], "pay_by" in cancelled) == ("cancelled", False)
    assert cancelled["history"][-1]["actor"] == "guest"
    assert (await stock_of(client, tea), await used(client, coupon)) == (10, 0)
    after = await cart.read()
    for name in ("lines", "codes", "total", "notices", "delivery_address"):
        assert after[name] == before[name]
    assert [mail.subject for mail in await mails_of(shop)][1:] != []
    again = await ordered(cart)
    assert (again["id"] != order["id"], again["total"]) == (True, "27.00")
    await assert_counted(shop)


async def test_a_cart_stays_ordered_if_the_user_has_another_one(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea, ada = await create_product(client), await someone(client)
    first = await user(nobody, ada, delivery_address=BERLIN)
    await first.add(tea)
    order = await ordered(first)
    second = await user(nobody, ada)
    answer = await nobody.post(f"/orders/{order['id']}/cancel", headers=ada.headers)
    assert answer.json()["status"] == "cancelled"
    assert (await first.read())["order_id"] == order["id"]
    assert (await user(nobody, ada, 200)).cart_id == second.cart_id


async def test_an_order_that_is_not_paid_in_time_is_cancelled(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, stock_quantity=10)
    cart = await ready(nobody, {tea["id"]: 3})
    order = await ordered(cart)
    with later(shop, HOLD - timedelta(seconds=1)):
        await expire(shop)
        assert (await order_row(shop, order["id"])).status == "pending"
    with later(shop, HOLD + timedelta(seconds=1)):
        await expire(shop)
        await expire(shop)
    ended = (await client.get(f"/orders/{order['id']}")).json()
    assert (ended["status"], ended["history"][-1]["actor"]) == ("cancelled", "order_expiry")
    assert await stock_of(client, tea) == 10
    assert quantities(await cart.read()) == {tea["id"]: 3}
    assert len(await mails_of(shop)) == 2


@pytest.mark.parametrize("status", ["paid", "cancelled"])
async def test_an_order_that_is_paid_or_cancelled_does_not_expire(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop, status: str
) -> None:
    cart = await ready(nobody, {(await create_product(client))["id"]: 1})
    order = await ordered(cart)
    await client.patch(f"/orders/{order['id']}", json={"status": status})
    with later(shop, 2 * HOLD):
        await expire(shop)
    assert (await order_row(shop, order["id"])).status == status


async def test_a_customer_has_at_most_three_unpaid_orders(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea = await create_product(client, stock_quantity=10)
    orders = [await ordered(await ready(nobody, {tea["id"]: 1})) for _ in range(3)]
    fourth = await ready(nobody, {tea["id"]: 1}, email="ADA@example.com")
    response = await check_out(fourth)
    assert problem_of(response)["type"] == "urn:problem:too-many-unpaid-orders"
    assert 0 < int(response.headers["Retry-After"]) <= HOLD.total_seconds()
    assert await stock_of(client, tea) == 7
    await client.patch(f"/orders/{orders[0]['id']}", json={"status": "paid"})
    assert (await check_out(fourth)).status_code == 201
