"""A user claims the cart of a guest."""

from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.accounts import Person, someone
from tests.support.factories import create_product
from tests.support.refusals import NOTHING, problem_of
from tests.test_controllers.carts.setting import DE, Customer, guest, quantities, shown, user
from tests.test_controllers.carts.test_carts import REQUESTS
from tests.test_controllers.promotions.setting import add_code


async def claim(cart: Customer, person: Person) -> httpx.Response:
    """Claim the cart of a guest as a user."""
    headers = cart.headers | person.headers
    return await cart.client.post(f"/carts/{cart.cart_id}/claim", headers=headers)


async def test_a_user_without_a_cart_gets_the_cart_of_the_guest(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea, ada, eve = await create_product(client), await someone(client), await someone(client)
    cart = await guest(nobody)
    await cart.add(tea, 2)
    first = shown(await claim(cart, ada))
    assert (first["id"], quantities(first)) == (cart.cart_id, {tea["id"]: 2})
    assert shown(await claim(cart, ada)) == first
    assert problem_of(await claim(cart, eve))["type"] == "urn:problem:cart-not-found"
    assert (await user(nobody, ada, 200)).cart_id == cart.cart_id
    # The token alone no longer gives access: another person may use the browser.
    assert problem_of(await cart.send("GET"))["type"] == "urn:problem:cart-not-found"


async def test_the_cart_of_a_guest_is_merged_into_the_cart_of_the_user(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    # In this order, ids would place the line of the guest before the last one of the user.
    only_guest, both, only_own = [(await create_product(client))["id"] for _ in range(3)]
    for code in ("OWN", "GUEST", "BOTH"):
        await add_code(client, code)
    ada = await someone(client)
    own = await user(nobody, ada, note="own", email="own@example.com", delivery_address=DE)
    other = await guest(nobody, email="guest@example.com")
    for cart, lines in ((own, {both: 5, only_own: 1}), (other, {only_guest: 4, both: 3})):
        for variant_id, quantity in lines.items():
            await cart.put(variant_id, quantity)
    for cart, code in ((own, "OWN"), (own, "BOTH"), (other, "GUEST"), (other, "both")):
        await cart.enter(code)
    claimed = shown(await claim(other, ada))
    assert claimed["id"] == own.cart_id
    assert list(quantities(claimed).items()) == [(both, 5), (only_own, 1), (only_guest, 4)]
    assert claimed["codes"] == ["OWN", "BOTH", "GUEST"]
    chosen = [claimed["email"], claimed["note"], claimed["delivery_address"]]
    assert chosen == ["guest@example.com", "own", DE | {"region": ""}]
    assert shown(await claim(other, ada)) == claimed == await own.read()


@pytest.mark.parametrize(("method", "path", "sent"), REQUESTS)
@pytest.mark.any_database
async def test_a_merged_cart_has_the_location_of_the_other_cart(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, method: str, path: str, sent: Any
) -> None:
    ada = await someone(client)
    own, other = await user(nobody, ada), await guest(nobody)
    await claim(other, ada)
    response = await other.send(method, path, **sent)
    problem = problem_of(response)
    # After a redirect, the response to a change would look as if the change had been made.
    is_read = method == "GET"
    kind = (303, "urn:problem:cart-merged") if is_read else (409, "urn:problem:cart-claimed")
    assert (problem["status"], problem["type"]) == kind
    place = f"/api/v1/carts/{own.cart_id}{path if is_read else ''}"
    assert response.headers["Location"] == problem["location"] == place
    problem = problem_of(await nobody.get(f"/carts/{other.cart_id}"))
    assert problem["type"] == "urn:problem:cart-not-found"


async def test_a_cart_is_claimed_with_its_token_only(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    ada, eve = await someone(client), await someone(client)
    cart, of_eve = await guest(nobody), await user(nobody, eve)
    for cart_id, headers in (
        (cart.cart_id, ada.headers),
        (cart.cart_id, ada.headers | {"Cart-Token": "wrong"}),
        (of_eve.cart_id, ada.headers | cart.headers),
        (NOTHING, ada.headers | cart.headers),
    ):
        response = await nobody.post(f"/carts/{cart_id}/claim", headers=headers)
        assert problem_of(response)["type"] == "urn:problem:cart-not-found"
    response = await nobody.post(f"/carts/{cart.cart_id}/claim", headers=cart.headers)
    assert problem_of(response)["type"] == "urn:problem:unauthenticated"


async def test_lines_that_do_not_fit_into_the_cart_of_the_user_are_reported(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.carts.cart_claims.MAX_LINES", 1)
    monkeypatch.setattr("app.services.carts.cart_claims.MAX_CODES", 1)
    first, second = await create_product(client), await create_product(client)
    for code in ("OWN", "GUEST"):
        await add_code(client, code)
    ada = await someone(client)
    own, other = await user(nobody, ada), await guest(nobody)
    await own.add(first)
    await own.enter("OWN")
    await other.add(second)
    await other.enter("GUEST")
    claimed = shown(await claim(other, ada))
    assert (quantities(claimed), claimed["codes"]) == ({first["id"]: 1}, ["OWN"])
    told = [each for each in claimed["notices"] if each["code"] == "left-out"]
    assert told == [
        {
            "code": "left-out",
            "detail": "1 units have no room: a cart has at most 1 lines",
            "variant_id": second["id"],
        },
        {
            "code": "left-out",
            "detail": "GUEST has no room: a cart has at most 1 codes",
            "promotion_code": "GUEST",
        },
    ]


async def test_a_cart_takes_the_currency_of_the_guest(
    client: httpx.AsyncClient,
    nobody: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = shop.settings.model_copy(update={"shop_currencies": ("USD", "JPY")})
    monkeypatch.setattr("app.schemas.fields.get_settings", lambda: settings)
    ada, tea = await someone(client), await create_product(client)
    own, other = await user(nobody, ada), await guest(nobody, currency="JPY")
    await own.add(tea)
    claimed = shown(await claim(other, ada))
    assert claimed["currency"] == "JPY"
    assert [each["code"] for each in claimed["notices"]] == ["not-sold-in-currency"]


async def test_the_default_currency_of_a_guest_does_not_replace_that_of_the_user(
    client: httpx.AsyncClient,
    nobody: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = shop.settings.model_copy(update={"shop_currencies": ("USD", "JPY")})
    monkeypatch.setattr("app.schemas.fields.get_settings", lambda: settings)
    ada = await someone(client)
    await user(nobody, ada, currency="JPY")
    assert shown(await claim(await guest(nobody), ada))["currency"] == "JPY"


async def test_an_idempotency_key_belongs_to_one_cart(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    tea, ada = await create_product(client), await someone(client)
    cart, other = await guest(nobody, email="ada@example.com"), await guest(nobody)
    body, key = {"product_id": tea["id"], "quantity": 1}, {"Idempotency-Key": "a-key"}
    path = f"/carts/{cart.cart_id}/lines"

    async def add(path: str, headers: dict[str, str]) -> httpx.Response:
        return await nobody.post(path, json=body, headers=key | headers)

    own = await add(f"/carts/{other.cart_id}/lines", other.headers)
    assert quantities(shown(own)) == {tea["id"]: 1}

    wrong = await add(path, {"Cart-Token": "wrong"})
    assert problem_of(wrong)["type"] == "urn:problem:cart-not-found"
    first = await add(path, cart.headers)
    assert quantities(shown(first)) == {tea["id"]: 1}
    for headers in (cart.headers, cart.headers | ada.headers):
        again = await add(path, headers)
        assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    for headers in ({}, {"Cart-Token": "wrong"}, ada.headers):
        assert problem_of(await add(path, headers))["type"] == "urn:problem:cart-not-found"
    await claim(cart, ada)
    assert problem_of(await add(path, cart.headers))["type"] == "urn:problem:cart-not-found"
