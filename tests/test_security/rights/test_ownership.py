"""Data of another user is not found, and other users cannot be changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar
from sqlalchemy import select

from app.models import User, UserRole
from app.security.areas import SCOPES
from app.security.areas.orders import OrdersScope
from app.wiring.resources import Shop
from tests.conftest import empty
from tests.support.factories import PASSWORD, address, create_address, create_product, place_order
from tests.support.refusals import places_of, problem_of
from tests.support.tables import everything
from tests.test_security.people import Person, bearing, client_with, let_in, log_in

JSON = dict[str, Any]
STAFF, ADMIN = UserRole.STAFF, UserRole.ADMIN


@dataclass(frozen=True)
class Customer:
    """A customer with two orders and an address, and the client that the customer uses."""

    person: Person
    client: httpx.AsyncClient
    orders: list[JSON]
    address: JSON

    @property
    def ids(self) -> list[str]:
        """The ids of the orders, newest first."""
        return [order["id"] for order in reversed(self.orders)]


Pair = tuple[Customer, Customer]


@pytest_asyncio.fixture(name="pair", loop_scope="session")
async def two_customers(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> AsyncIterator[Pair]:
    """Two customers who have placed the same orders in turn."""
    tea = await create_product(client, stock_quantity=100)
    people = [await log_in(shop), await log_in(shop)]
    clients = [client_with(app, each.access_token) for each in people]
    addresses = [await create_address(each, its.id) for each, its in zip(clients, people)]
    orders: list[list[JSON]] = [[], []]
    for _ in range(2):
        for each, its, placed in zip(clients, people, orders):
            placed.append(await place_order(each, its.id, {tea["id"]: 1}))
    one, other = map(Customer, people, clients, orders, addresses)
    yield one, other
    for each in clients:
        await each.aclose()


async def items_of(client: httpx.AsyncClient, **params: Any) -> list[JSON]:
    """Return a page of orders."""
    response = await client.get("/orders", params=params)
    assert response.status_code == 200, response.text
    items: list[JSON] = response.json()["items"]
    return items


async def assert_absent(
    client: httpx.AsyncClient, shop: Shop, method: str, path: str, **request: Any
) -> None:
    """Assert that a resource is not found for this caller, and that nothing changes."""
    before = await everything(shop)
    response = await client.request(method, path, **request)
    assert response.status_code == 404, (method, path, response.text)
    assert problem_of(response)["type"].endswith("-not-found")
    assert "ETag" not in response.headers
    assert await everything(shop) == before


async def test_an_order_of_another_user_is_not_found(pair: Pair, shop: Shop) -> None:
    one, other = pair
    for order_id in one.ids:
        seen = (await one.client.get(f"/orders/{order_id}")).headers["ETag"]
        await assert_absent(other.client, shop, "GET", f"/orders/{order_id}")
        await assert_absent(other.client, shop, "POST", f"/orders/{order_id}/cancel")
        for tag in (seen, "*", '"x"'):
            headers = {"If-None-Match": tag}
            await assert_absent(other.client, shop, "GET", f"/orders/{order_id}", headers=headers)
        assert (
            await one.client.get(f"/orders/{order_id}", headers={"If-None-Match": seen})
        ).status_code == 304


async def test_an_address_of_another_user_is_not_found(pair: Pair, shop: Shop) -> None:
    one, other = pair
    path = f"/users/{one.person.id}/addresses/{one.address['id']}"
    seen = (await one.client.get(path)).headers["ETag"]
    # The address is found neither below its user, nor below the caller.
    mixed = f"/users/{other.person.id}/addresses/{one.address['id']}"
    for each in (path, mixed):
        await assert_absent(other.client, shop, "GET", each)
        await assert_absent(other.client, shop, "GET", each, headers={"If-None-Match": seen})
        await assert_absent(other.client, shop, "GET", each, headers={"If-None-Match": "*"})
        await assert_absent(other.client, shop, "PATCH", each, json={"city": "York"})
        for headers in ({"If-Match": seen}, {"If-Match": "*"}, {"If-Match": '"x"'}):
            await assert_absent(
                other.client, shop, "PATCH", each, json={"city": "York"}, headers=headers
            )
        await assert_absent(other.client, shop, "DELETE", each)
    everywhere = f"/users/{one.person.id}/addresses"
    await assert_absent(other.client, shop, "GET", everywhere)
    await assert_absent(other.client, shop, "POST", everywhere, json=address())
    await assert_absent(other.client, shop, "POST", everywhere, json=address(is_primary=True))
    assert (await one.client.get(path)).json() == one.address


async def test_another_user_is_not_found(pair: Pair, shop: Shop) -> None:
    one, other = pair
    path = f"/users/{one.person.id}"
    seen = (await one.client.get(path)).headers["ETag"]
    await assert_absent(other.client, shop, "GET", path)
    await assert_absent(other.client, shop, "GET", path, headers={"If-None-Match": seen})
    await assert_absent(other.client, shop, "GET", f"{path}/export")
    await assert_absent(other.client, shop, "DELETE", path)
    taken = other.person.email
    for change in ({"first_name": "Eve"}, {"username": other.person.user["username"]}):
        for headers in ({}, {"If-Match": seen}, {"If-Match": '"x"'}):
            await assert_absent(other.client, shop, "PATCH", path, json=change, headers=headers)
    for email in ("eve@example.com", one.person.email, taken):
        change = {"email": email, "current_password": PASSWORD}
        await assert_absent(other.client, shop, "PATCH", path, json=change)


@pytest.mark.any_database
async def test_the_password_of_another_user_is_not_compared(pair: Pair, shop: Shop) -> None:
    one, other = pair
    change = {"email": "eve@example.com", "current_password": "not the password"}
    await assert_absent(other.client, shop, "PATCH", f"/users/{one.person.id}", json=change)
    change.pop("current_password")
    await assert_absent(other.client, shop, "PATCH", f"/users/{one.person.id}", json=change)


@pytest.mark.any_database
async def test_a_list_has_the_callers_own_orders_by_every_filter(pair: Pair) -> None:
    one, other = pair
    assert (await one.client.post(f"/orders/{one.ids[0]}/cancel")).status_code == 200
    long_ago, later = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(hours=1)
    between = {"placed_from": long_ago.isoformat(), "placed_before": later.isoformat()}
    filters: list[tuple[JSON, list[str]]] = [
        ({}, one.ids),
        ({"limit": 100}, one.ids),
        ({"user_id": one.person.id}, one.ids),
        ({"user_id": other.person.id}, []),
        ({"user_id": other.person.id, "status": "pending"}, []),
        ({"user_id": other.person.id} | between, []),
        ({"status": "pending"}, one.ids[1:]),
        ({"status": "cancelled"}, one.ids[:1]),
        ({"status": "paid"}, []),
        (between, one.ids),
        ({"placed_from": later.isoformat()}, []),
        ({"placed_before": long_ago.isoformat()}, []),
    ]
    for params, expected in filters:
        assert [each["id"] for each in await items_of(one.client, **params)] == expected, params
    assert [each["id"] for each in await items_of(other.client)] == other.ids


@pytest.mark.any_database
async def test_staff_and_api_keys_see_all_orders(app: Litestar, shop: Shop, pair: Pair) -> None:
    one, other = pair
    machine, staff = await let_in(shop, OrdersScope.ORDERS_READ), await log_in(shop, STAFF)
    for token in (machine.key, staff.access_token):
        async with client_with(app, token) as client:
            assert {each["user_id"] for each in await items_of(client)} == {
                one.person.id,
                other.person.id,
            }
            found = await items_of(client, user_id=one.person.id)
            assert [each["id"] for each in found] == one.ids


@pytest.mark.any_database
async def test_a_cursor_of_another_user_shows_only_the_callers_own_orders(
    app: Litestar, shop: Shop, pair: Pair
) -> None:
    one, other = pair
    staff = await log_in(shop, STAFF)
    async with client_with(app, staff.access_token) as client:
        for whose in (client, other.client):
            page = (await whose.get("/orders", params={"limit": 1})).json()
            rest = await items_of(one.client, cursor=page["next"])
            assert {each["user_id"] for each in rest} == {one.person.id}
            assert await items_of(one.client, cursor=page["next"], user_id=other.person.id) == []


async def test_only_the_callers_own_log_ins_are_listed_and_ended(app: Litestar, shop: Shop) -> None:
    one, other = await log_in(shop), await log_in(shop)
    session = str(one.session["id"])
    async with client_with(app, other.access_token) as client:
        await assert_absent(client, shop, "DELETE", f"/auth/sessions/{session}")
        sessions = (await client.get("/auth/sessions")).json()["items"]
        assert [each["id"] for each in sessions] == [str(other.session["id"])]
        assert (await client.delete("/auth/sessions")).status_code == 204
    async with client_with(app, one.access_token) as client:
        assert (await client.get("/users/me")).status_code == 200


@pytest.mark.any_database
async def test_an_idempotency_key_of_one_caller_replays_nothing_to_another(
    app: Litestar, shop: Shop, pair: Pair
) -> None:
    one, other = pair
    bought = one.orders[0]["items"][0]["product_id"]
    data = {"items": [{"product_id": bought, "quantity": 1}]}
    headers = {"Idempotency-Key": "the-same"}
    machine, staff = await let_in(shop, *SCOPES), await log_in(shop, STAFF)
    answers = [
        await each.post("/orders", json=data, headers=headers)
        for each in (one.client, other.client)
    ]
    async with client_with(app, staff.access_token) as client:
        answers.append(await client.post("/orders", json=data, headers=headers))
    assert [each.status_code for each in answers] == [201] * 3
    buyers = [each.json()["user_id"] for each in answers]
    assert buyers == [one.person.id, other.person.id, staff.id]
    assert not any("Idempotency-Replayed" in each.headers for each in answers)
    async with client_with(app, machine.key) as client:
        refused = await client.post("/orders", json=data, headers=headers)
        assert places_of(problem_of(refused)).keys() == {"#/user_id"}
    async with client_with(app, None) as client:
        refused = await client.post("/orders", json=data, headers=headers)
        assert problem_of(refused)["status"] == 401
    again = await one.client.post("/orders", json=data, headers=headers)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (answers[0].content, "true")


@pytest.mark.any_database
async def test_an_idempotency_key_of_one_caller_gives_another_no_access_to_an_order(
    pair: Pair,
) -> None:
    one, other = pair
    path, headers = f"/orders/{one.ids[0]}/cancel", {"Idempotency-Key": "the-same"}
    assert (await one.client.post(path, headers=headers)).status_code == 200
    refused = await other.client.post(path, headers=headers)
    assert problem_of(refused)["type"] == "urn:problem:order-not-found"
    assert (await one.client.get(f"/orders/{one.ids[0]}")).json()["version"] == 2


@pytest.mark.any_database
async def test_a_response_is_not_replayed_to_a_caller_who_has_lost_the_right(
    app: Litestar, shop: Shop
) -> None:
    admin, fallen = await log_in(shop, ADMIN), await log_in(shop, STAFF)
    data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99"}
    headers = {"Idempotency-Key": "the-same"}
    async with client_with(app, fallen.access_token) as client:
        assert (await client.post("/products", json=data, headers=headers)).status_code == 201
        async with client_with(app, admin.access_token) as ruler:
            change = {"role": "customer"}
            assert (await ruler.patch(f"/users/{fallen.id}/access", json=change)).is_success
        refused = await client.post("/products", json=data, headers=headers)
    assert problem_of(refused)["status"] == 403
    assert "Idempotency-Replayed" not in refused.headers


def changes_of(user: Person) -> list[tuple[str, str, JSON]]:
    """Return the changes of a user that staff may make only to customers."""
    path = f"/users/{user.id}"
    return [
        ("PATCH", path, {"json": {"first_name": "Eve"}}),
        ("PATCH", path, {"json": {"email": "eve@example.com"}}),
        ("PATCH", path, {"json": {"email": "eve@example.com", "current_password": PASSWORD}}),
        ("GET", f"{path}/export", {}),
        ("POST", f"{path}/addresses", {"json": address()}),
        ("DELETE", path, {}),
    ]


@pytest.mark.any_database
@pytest.mark.parametrize("role", [STAFF, ADMIN])
async def test_staff_and_api_keys_cannot_change_staff_and_administrators(
    app: Litestar, shop: Shop, role: UserRole
) -> None:
    user = await log_in(shop, role)
    await log_in(shop, ADMIN)
    async with client_with(app, user.access_token) as client:
        place = await create_address(client, user.id)
    path = f"/users/{user.id}/addresses/{place['id']}"
    changes = [
        *changes_of(user),
        ("PATCH", path, {"json": {"city": "York"}}),
        ("DELETE", path, {}),
        ("PATCH", f"/users/{user.id}/access", {"json": {"role": "customer"}}),
    ]
    tokens = (await log_in(shop, STAFF)).access_token, (await let_in(shop, *SCOPES)).key
    before = await everything(shop)
    async with client_with(app, None) as client:
        for token, (method, where, request) in product(tokens, changes):
            refused = await client.request(method, where, headers=bearing(token), **request)
            assert problem_of(refused)["status"] == 403, (method, where)
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_staff_and_api_keys_can_change_customers(app: Litestar, shop: Shop) -> None:
    staff, machine = await log_in(shop, STAFF), await let_in(shop, *SCOPES)
    for token in (staff.access_token, machine.key):
        user = await log_in(shop)
        async with client_with(app, token) as client:
            answers = [
                await client.request(method, path, **request)
                for method, path, request in changes_of(user)
            ]
        assert [each.status_code for each in answers] == [200, 200, 200, 200, 201, 204]


@pytest.mark.any_database
@pytest.mark.parametrize("role", list(UserRole))
async def test_a_caller_with_a_token_but_without_the_password_cannot_change_the_address(
    app: Litestar, shop: Shop, role: UserRole
) -> None:
    user = await log_in(shop, role)
    async with client_with(app, user.access_token) as client:
        before = await everything(shop)
        path, change = f"/users/{user.id}", {"email": "eve@example.com"}
        refused = await client.patch(path, json=change)
        assert places_of(problem_of(refused)) == {"#/current_password": "is required"}
        assert await everything(shop) == before
        wrong = await client.patch(path, json=change | {"current_password": "not it"})
        assert problem_of(wrong)["type"] == "urn:problem:invalid-credentials"
        changed = await client.patch(path, json=change | {"current_password": PASSWORD})
        assert (changed.status_code, changed.json()["email"]) == (200, "eve@example.com")


@pytest.mark.any_database
@pytest.mark.parametrize("change", [{"role": "staff"}, {"role": "customer"}, {"is_active": False}])
async def test_the_last_administrator_cannot_be_removed(
    app: Litestar, shop: Shop, change: JSON
) -> None:
    admin = await log_in(shop, ADMIN)
    await log_in(shop, ADMIN, is_active=False)
    await log_in(shop, STAFF)
    before = await everything(shop)
    async with client_with(app, admin.access_token) as client:
        for response in (
            await client.patch(f"/users/{admin.id}/access", json=change),
            await client.delete(f"/users/{admin.id}"),
        ):
            problem = problem_of(response)
            assert (problem["status"], problem["type"]) == (409, "urn:problem:last-admin")
        assert await everything(shop) == before
        second = await log_in(shop, ADMIN)
        assert (await client.patch(f"/users/{second.id}/access", json=change)).status_code == 200
        assert (await client.get("/users")).status_code == 200


@pytest.mark.parametrize("how", ["demoted", "shut out", "deleted"])
async def test_of_two_administrators_who_remove_each_other_concurrently_one_is_left(
    app: Litestar, shop: Shop, how: str
) -> None:
    for _ in range(5):
        one, other = await log_in(shop, ADMIN), await log_in(shop, ADMIN)
        async with client_with(app, None) as client:
            answers = await asyncio.gather(
                against(client, other, how, by=one), against(client, one, how, by=other)
            )
        done, late = sorted(each.status_code for each in answers)
        # The second request fails: its target is the last administrator, or its caller is none.
        assert done in (200, 204) and late in (401, 403, 409), (done, late)
        async with shop.database.read() as session:
            query = select(User.id).where(User.role == ADMIN, User.is_active)
            assert len((await session.scalars(query)).all()) == 1
        await empty(shop)


def against(
    client: httpx.AsyncClient, user: Person, how: str, *, by: Person
) -> Awaitable[httpx.Response]:
    """Remove an administrator's rights."""
    headers = bearing(by.access_token)
    if how == "deleted":
        return client.delete(f"/users/{user.id}", headers=headers)
    change: JSON = {"role": "staff"} if how == "demoted" else {"is_active": False}
    return client.patch(f"/users/{user.id}/access", json=change, headers=headers)
