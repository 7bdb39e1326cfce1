"""Carts: opened, filled, changed, priced and refused."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.models import Cart, CartLine
from app.wiring.lifecycle import delete_expired
from app.wiring.resources import Shop
from tests.support.accounts import later, someone
from tests.support.factories import create_product
from tests.support.refusals import NOTHING, problem_of
from tests.test_controllers.carts.setting import DE, guest, quantities, user
from tests.test_controllers.promotions.setting import add_code
from tests.test_controllers.shipping.test_shipping_methods import add_method

REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "", {}),
    ("GET", "/shipping-methods", {}),
    ("PATCH", "", {"json": {"note": "mine"}}),
    ("POST", "/lines", {"json": {"product_id": NOTHING, "quantity": 1}}),
    ("PUT", f"/lines/{NOTHING}", {"json": {"quantity": 1}}),
    ("DELETE", f"/lines/{NOTHING}", {}),
    ("POST", "/codes", {"json": {"code": "SUMMER"}}),
    ("DELETE", "/codes?code=SUMMER", {}),
]


async def test_a_guest_fills_a_cart_with_its_token(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea = await create_product(client, name="Tea", price="4.99", weight_grams=100)
    cart = await guest(nobody)
    empty = await cart.read()
    assert (empty["lines"], empty["total"], empty["notices"]) == ([], "0.00", [])
    added = await cart.add(tea, 2)
    assert added == await cart.read()
    (line,) = added["lines"]
    assert line == {
        "product_id": tea["id"],
        "sku": tea["sku"],
        "name": "Tea",
        "quantity": 2,
        "availability": "in_stock",
        "unit_price": "4.99",
        "subtotal": "9.98",
        "total": "9.98",
    }
    assert (added["subtotal"], added["total"], added["version"]) == ("9.98", "9.98", 2)
    assert quantities(await cart.add(tea, 3)) == {tea["id"]: 5}
    assert quantities(await cart.put(tea["id"], 1)) == {tea["id"]: 1}
    assert quantities(await cart.put(tea["id"], 1)) == {tea["id"]: 1}
    for _ in range(2):
        assert (await cart.send("DELETE", f"/lines/{tea['id']}")).status_code == 204
    assert quantities(await cart.read()) == {}


async def test_a_user_always_has_the_same_cart(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea, person = await create_product(client), await someone(client)
    first = await user(nobody, person)
    await first.add(tea)
    again = await user(nobody, person, 200, note="Please ring twice.")
    assert again.cart_id == first.cart_id
    shown = await again.read()
    assert (quantities(shown), shown["note"]) == ({tea["id"]: 1}, "Please ring twice.")


@pytest.mark.any_database
async def test_a_cart_is_not_found_for_other_callers(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    ada, eve = await someone(client), await someone(client)
    of_guest, of_user, other = await guest(nobody), await user(nobody, ada), await guest(nobody)
    await of_guest.read()
    refusals = [
        problem_of(await nobody.request(method, f"/carts/{cart_id}{path}", headers=headers, **sent))
        for cart_id in (of_guest.cart_id, of_user.cart_id, NOTHING)
        for headers in ({}, other.headers, eve.headers, eve.headers | other.headers)
        for method, path, sent in REQUESTS
    ]
    assert {each["type"] for each in refusals} == {"urn:problem:cart-not-found"}
    assert (await nobody.get(f"/carts/{of_user.cart_id}", headers=ada.headers)).status_code == 200


async def test_a_token_is_stored_as_its_digest_only(nobody: httpx.AsyncClient, shop: Shop) -> None:
    cart = await guest(nobody)
    token = cart.headers["Cart-Token"]
    async with shop.database.read() as session:
        (row,) = await session.scalars(select(Cart))
    assert len(token) == 43
    assert token.encode() not in (row.token_digest or b"")
    assert len(row.token_digest or b"") == 32


async def test_fields_of_a_cart_are_changed_or_refused(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    method = await add_method(client, countries=["DE"])
    cart = await guest(nobody, email="Ada@Example.com", locale="de")
    chosen = {
        "note": "Please ring twice.",
        "delivery_address": DE | {"region": ""},
        "billing_address": DE | {"region": "", "street": "Platz 2"},
        "shipping_method_id": method["id"],
    }
    changed = await cart.change(**chosen)
    expected = chosen | {"email": "Ada@Example.com", "locale": "de"}
    assert {name: changed[name] for name in expected} == expected
    assert (await cart.change(delivery_address=None))["delivery_address"] is None
    for fields, place in (
        ({"currency": "XXX"}, "currency"),
        ({"email": "nobody"}, "email"),
        ({"locale": "German"}, "locale"),
        ({"delivery_address": DE | {"postal_code": ""}}, "delivery_address/postal_code"),
        ({"total": "1.00"}, "total"),
    ):
        problem = problem_of(await cart.send("PATCH", json=fields))
        assert problem["errors"][0]["pointer"] == f"#/{place}"
    problem = problem_of(await cart.send("PATCH", json={"shipping_method_id": NOTHING}))
    assert problem["type"] == "urn:problem:shipping-method-not-found"


async def test_a_change_of_an_older_cart_is_refused(nobody: httpx.AsyncClient) -> None:
    cart = await guest(nobody)
    etag = (await cart.send("GET")).headers["ETag"]
    headers = cart.headers | {"If-Match": etag}
    path = f"/carts/{cart.cart_id}"
    assert (await nobody.patch(path, json={"note": "a"}, headers=headers)).status_code == 200
    assert (await nobody.patch(path, json={"note": "b"}, headers=headers)).status_code == 412
    assert (await cart.read())["note"] == "a"


async def test_a_product_that_cannot_be_sold_is_not_added_to_a_cart(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    gone, idle = await create_product(client), await create_product(client, is_active=False)
    await client.delete(f"/products/{gone['id']}")
    shirt = await create_product(client, option_values={"Size": "M"})
    variant = {"sku": "SHIRT-L", "option_values": {"Size": "L"}}
    added = (await client.post(f"/products/{shirt['id']}/variants", json=variant)).json()
    tea = await create_product(client)
    cart = await guest(nobody)
    await cart.add(tea, 999)
    for line, code in (
        ({"product_id": NOTHING}, "product-not-found"),
        ({"variant_id": NOTHING}, "variant-not-found"),
        ({"product_id": gone["id"]}, "product-not-found"),
        ({"product_id": idle["id"]}, "product-not-for-sale"),
        ({"product_id": shirt["id"]}, "variant-required"),
        ({"product_id": tea["id"], "quantity": 2}, "invalid-input"),
    ):
        response = await cart.send("POST", "/lines", json={"quantity": 1} | line)
        assert problem_of(response)["type"] == f"urn:problem:{code}"
    for variant_id, code in (
        (NOTHING, "variant-not-found"),
        (gone["id"], "variant-not-found"),
        (idle["id"], "product-not-for-sale"),
    ):
        response = await cart.send("PUT", f"/lines/{variant_id}", json={"quantity": 1})
        assert problem_of(response)["type"] == f"urn:problem:{code}"
    assert quantities(await cart.put(added["id"], 2)) == {tea["id"]: 999, added["id"]: 2}
    async with shop.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(CartLine)) == 2


async def test_a_cart_has_at_most_100_lines_and_10_codes(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.carts.cart_service.MAX_LINES", 1)
    monkeypatch.setattr("app.services.carts.cart_codes.MAX_CODES", 1)
    first, second = await create_product(client), await create_product(client)
    cart = await guest(nobody)
    await cart.add(first)
    line = {"product_id": second["id"], "quantity": 1}
    problem = problem_of(await cart.send("POST", "/lines", json=line))
    assert problem["type"] == "urn:problem:cart-full"
    for code in ("SUMMER", "WINTER"):
        await add_code(client, code)
    await cart.enter("SUMMER")
    problem = problem_of(await cart.send("POST", "/codes", json={"code": "WINTER"}))
    assert problem["type"] == "urn:problem:cart-full"


@pytest.mark.parametrize(
    ("is_user", "is_filled", "kept", "gone"),
    [
        (False, False, timedelta(hours=1, minutes=59), timedelta(hours=2, minutes=1)),
        (True, False, timedelta(hours=1, minutes=59), timedelta(hours=2, minutes=1)),
        (False, True, timedelta(days=29), timedelta(days=31)),
        (True, True, timedelta(days=89), timedelta(days=91)),
    ],
)
async def test_old_carts_are_deleted(
    client: httpx.AsyncClient,
    nobody: httpx.AsyncClient,
    shop: Shop,
    is_user: bool,
    is_filled: bool,
    kept: timedelta,
    gone: timedelta,
) -> None:
    cart = await user(nobody, await someone(client)) if is_user else await guest(nobody)
    if is_filled:
        await cart.add(await create_product(client))
    for after, is_there in ((kept, True), (gone, False)):
        with later(shop, after):
            await delete_expired(shop)
        async with shop.database.read() as session:
            found = await session.scalar(select(func.count()).select_from(Cart))
        assert found == int(is_there)


@pytest.mark.any_database
async def test_an_overlong_token_is_refused(nobody: httpx.AsyncClient) -> None:
    cart = await guest(nobody)
    for method, path, sent in REQUESTS:
        response = await nobody.request(
            method, f"/carts/{cart.cart_id}{path}", headers={"Cart-Token": "x" * 2_001}, **sent
        )
        problem = problem_of(response)
        assert (problem["status"], problem["errors"][0]["header"]) == (400, "Cart-Token")
