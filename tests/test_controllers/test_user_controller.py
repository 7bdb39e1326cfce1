"""Users and their addresses over HTTP."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from app.models import Base, User, UserRole
from app.wiring.resources import Shop
from tests.support.factories import (
    PASSWORD,
    create_address,
    create_product,
    create_user,
    place_order,
)
from tests.support.refusals import USER, refusal_of

NOBODY = "0199a1b2-7c00-7d00-8e00-0123456789ab"
ADDRESS = {"street": "1 Pall Mall", "city": "London", "postal_code": "SW1Y", "country": "GB"}
SAME_EMAILS = [
    ("ada@example.com", "ADA@Example.COM"),
    ("\u00c9milie@example.com", "E\u0301milie@example.com"),
    ("\u00c9milie@example.com", "e\u0301MILIE@example.com"),
    ("STRASSE@example.com", "stra\u00dfe@example.com"),
]


async def test_a_registered_user_is_shown_as_given(client: httpx.AsyncClient) -> None:
    data = {
        "email": "Ada@Example.com",
        "username": "Ada",
        "first_name": "Ada",
        "last_name": "Lovelace",
    }
    response = await client.post("/users", json=data | {"password": PASSWORD})
    assert response.status_code == 201
    body = response.json()
    assert {name: body[name] for name in data} == data
    assert (body["role"], body["is_active"], body["version"]) == ("customer", True, 1)
    assert response.headers["Location"] == f"/api/v1/users/{body['id']}"
    shown = await client.get(f"/users/{body['id']}")
    assert shown.json() == body
    assert shown.headers["ETag"] == response.headers["ETag"]


async def test_an_email_address_is_kept_in_its_composed_form(client: httpx.AsyncClient) -> None:
    user = await create_user(client, email="E\u0301milie@example.com")
    assert user["email"] == "\u00c9milie@example.com"


async def test_users_are_listed_newest_first(client: httpx.AsyncClient) -> None:
    users = [await create_user(client) for _ in range(3)]
    response = await client.get("/users")
    assert response.json() == {"items": users[::-1], "next": None}


async def test_users_are_found_by_role(client: httpx.AsyncClient, shop: Shop) -> None:
    customer, staff = await create_user(client), await create_user(client)
    await _set_role(shop, staff["id"], UserRole.STAFF)
    assert await _listed(client, "/users", role="customer") == [customer["id"]]
    assert await _listed(client, "/users", role="staff") == [staff["id"]]
    assert await _listed(client, "/users", role="admin") == []


@pytest.mark.parametrize(("registered", "asked"), SAME_EMAILS)
async def test_a_user_is_found_by_the_email_address_in_any_spelling(
    client: httpx.AsyncClient, registered: str, asked: str
) -> None:
    user = await create_user(client, email=registered)
    await create_user(client)
    assert await _listed(client, "/users", email=asked) == [user["id"]]
    assert await _listed(client, "/users", email=asked, role="customer") == [user["id"]]
    assert await _listed(client, "/users", email=asked, role="admin") == []
    assert await _listed(client, "/users", email="x" + asked) == []


async def test_an_unknown_user_is_not_found(client: httpx.AsyncClient) -> None:
    for response in (
        await client.get(f"/users/{NOBODY}"),
        await client.patch(f"/users/{NOBODY}", json={"first_name": "Grace"}),
        await client.delete(f"/users/{NOBODY}"),
        await client.get(f"/users/{NOBODY}/addresses"),
        await client.post(f"/users/{NOBODY}/addresses", json=ADDRESS),
    ):
        assert refusal_of(response) == (404, "user-not-found")


async def test_a_user_with_the_etag_of_the_caller_is_not_sent_again(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    path = f"/users/{user['id']}"
    etag = (await client.get(path)).headers["ETag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        response = await client.get(path, headers={"If-None-Match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == etag
    await client.patch(path, json={"first_name": "Grace"})
    response = await client.get(path, headers={"If-None-Match": etag})
    assert (response.status_code, response.json()["first_name"]) == (200, "Grace")
    assert response.headers["ETag"] != etag


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": "Grace"},
        {"last_name": "Hopper"},
        {"username": "grace"},
        {"email": "grace@example.com"},
        {"first_name": "Grace", "last_name": "Hopper"},
    ],
)
async def test_only_the_given_fields_of_a_user_change(
    client: httpx.AsyncClient, change: dict[str, str]
) -> None:
    user = await create_user(client)
    response = await client.patch(f"/users/{user['id']}", json=change)
    changed = response.json()
    assert response.status_code == 200
    assert changed["updated_at"] > user["updated_at"]
    assert changed == user | change | {"version": 2, "updated_at": changed["updated_at"]}
    assert (await client.get(f"/users/{user['id']}")).json() == changed


async def test_a_change_of_an_outdated_version_of_a_user_is_refused(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    path = f"/users/{user['id']}"
    old = (await client.get(path)).headers["ETag"]
    changed = await client.patch(path, json={"first_name": "Grace"}, headers={"If-Match": old})
    assert changed.status_code == 200
    current = changed.headers["ETag"]
    for tags in (old, f'{old}, "other"', f"W/{current}", '""', ""):
        response = await client.patch(path, json={"first_name": "Eve"}, headers={"If-Match": tags})
        assert refusal_of(response) == (412, "precondition-failed")
        assert response.json()["etag"] == current
    shown = await client.get(path)
    assert (shown.json(), shown.headers["ETag"]) == (changed.json(), current)


async def test_any_user_that_exists_matches_a_star(client: httpx.AsyncClient) -> None:
    user = await create_user(client)
    for version, tags in enumerate(("*", None), start=2):
        response = await client.patch(
            f"/users/{user['id']}",
            json={"first_name": "Grace"},
            headers={} if tags is None else {"If-Match": tags},
        )
        assert (response.status_code, response.json()["version"]) == (200, version)
    missing = await client.patch(f"/users/{NOBODY}", json={}, headers={"If-Match": "*"})
    assert refusal_of(missing) == (404, "user-not-found")


@pytest.mark.parametrize(("registered", "again"), SAME_EMAILS)
async def test_an_email_address_is_registered_once(
    client: httpx.AsyncClient, registered: str, again: str
) -> None:
    user = await create_user(client, email=registered)
    data = USER | {"email": again, "username": "grace"}
    response = await client.post("/users", json=data)
    assert refusal_of(response) == (409, "email-taken")
    assert response.json()["field"] == "email"
    assert await _listed(client, "/users") == [user["id"]]


async def test_a_username_is_registered_once(client: httpx.AsyncClient) -> None:
    user = await create_user(client, username="grace")
    data = USER | {"email": "g@example.com", "username": "GRACE"}
    response = await client.post("/users", json=data)
    assert refusal_of(response) == (409, "username-taken")
    assert response.json()["field"] == "username"
    assert await _listed(client, "/users") == [user["id"]]


@pytest.mark.parametrize("field", ["email", "username"])
async def test_a_user_cannot_take_a_name_or_address_of_another_user(
    client: httpx.AsyncClient, field: str
) -> None:
    user, other = await create_user(client), await create_user(client)
    change = {"first_name": "Eve", field: other[field].upper()}
    response = await client.patch(f"/users/{user['id']}", json=change)
    assert refusal_of(response) == (409, f"{field}-taken")
    assert (await client.get(f"/users/{user['id']}")).json() == user
    assert (await client.get(f"/users/{other['id']}")).json() == other


async def test_a_user_may_change_the_spelling_of_the_own_email_address(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client, email="ada@example.com", username="ada")
    change = {"email": "ADA@example.com", "username": "Ada"}
    response = await client.patch(f"/users/{user['id']}", json=change)
    assert (response.status_code, response.json()["email"]) == (200, "ADA@example.com")
    assert response.json()["username"] == "Ada"


async def test_a_former_email_address_is_available_again(client: httpx.AsyncClient) -> None:
    user = await create_user(client, email="ada@example.com")
    await client.patch(f"/users/{user['id']}", json={"email": "ada@example.org"})
    other = await create_user(client, email="ada@example.com")
    assert await _listed(client, "/users", email="ada@example.com") == [other["id"]]
    assert await _listed(client, "/users", email="ada@example.org") == [user["id"]]


async def test_of_two_concurrent_registrations_one_gets_the_email_address(
    client: httpx.AsyncClient,
) -> None:
    for attempt in range(5):
        responses = await asyncio.gather(*(_register(client, attempt, name) for name in "abcd"))
        refusals = [response for response in responses if response.status_code != 201]
        assert len(refusals) == 3
        assert {refusal_of(response) for response in refusals} == {(409, "email-taken")}
    assert len(await _listed(client, "/users")) == 5


async def test_a_user_without_orders_is_deleted(client: httpx.AsyncClient, shop: Shop) -> None:
    user, other = await create_user(client, email="ada@example.com"), await create_user(client)
    await create_address(client, user["id"])
    kept = await create_address(client, other["id"])
    response = await client.delete(f"/users/{user['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert [str(row["id"]) for row in await _rows(shop, "users")] == [other["id"]]
    assert [str(row["id"]) for row in await _rows(shop, "addresses")] == [kept["id"]]
    await _assert_gone(client, user["id"])
    again = await create_user(client, email="ada@example.com", username=user["username"])
    assert again["id"] != user["id"]


async def test_a_user_with_orders_is_anonymised(client: httpx.AsyncClient, shop: Shop) -> None:
    user = await _grace(client)
    product = await create_product(client)
    order = await place_order(client, user["id"], {product["id"]: 2})
    assert (await client.delete(f"/users/{user['id']}")).status_code == 204
    await _assert_gone(client, user["id"])
    assert await _listed(client, "/users") == []
    assert await _listed(client, "/users", email=user["email"]) == []
    assert (await client.get(f"/orders/{order['id']}")).json() == order
    assert await _listed(client, "/orders", user_id=user["id"]) == [order["id"]]
    await _assert_no_trace(shop, user)


async def test_an_anonymised_user_cannot_order(client: httpx.AsyncClient) -> None:
    user, product = await _grace(client), await create_product(client, stock_quantity=5)
    order = await place_order(client, user["id"], {product["id"]: 2})
    await client.delete(f"/users/{user['id']}")
    items = [{"product_id": product["id"], "quantity": 1}]
    response = await client.post("/orders", json={"user_id": user["id"], "items": items})
    assert refusal_of(response) == (404, "user-not-found")
    assert (await client.get(f"/products/{product['id']}")).json()["stock_quantity"] == 3
    assert await _listed(client, "/orders") == [order["id"]]


async def test_the_names_of_an_anonymised_user_are_available_again(
    client: httpx.AsyncClient,
) -> None:
    users = []
    for _ in range(2):
        users.append(await _grace(client))
        product = await create_product(client)
        await place_order(client, users[-1]["id"], {product["id"]: 1})
        await client.delete(f"/users/{users[-1]['id']}")
    last = await _grace(client)
    assert len({last["id"], *(user["id"] for user in users)}) == 3
    assert await _listed(client, "/users") == [last["id"]]


async def test_a_user_deleted_while_ordering_keeps_the_order_or_has_none(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client, stock_quantity=100)
    items = [{"product_id": product["id"], "quantity": 1}]
    placed = 0
    for _ in range(6):
        user = await create_user(client)
        order, deletion = await asyncio.gather(
            client.post("/orders", json={"user_id": user["id"], "items": items}),
            client.delete(f"/users/{user['id']}"),
        )
        assert order.status_code in (201, 404)
        assert deletion.status_code == 204
        placed += order.status_code == 201
        await _assert_gone(client, user["id"])
    assert len(await _listed(client, "/orders")) == placed
    left = (await client.get(f"/products/{product['id']}")).json()["stock_quantity"]
    assert left == 100 - placed


async def _listed(client: httpx.AsyncClient, path: str, **query: str) -> list[str]:
    response = await client.get(path, params=query)
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


async def _register(client: httpx.AsyncClient, attempt: int, name: str) -> httpx.Response:
    data = {
        "email": f"one{attempt}@example.com",
        "username": f"{name}-{attempt}-user",
        "first_name": name,
        "last_name": "Same",
        "password": PASSWORD,
    }
    return await client.post("/users", json=data)


async def _grace(client: httpx.AsyncClient) -> dict[str, Any]:
    user = await create_user(
        client,
        email="Grace.Brewster@navy.example.com",
        username="amazing-grace",
        first_name="Grace-Brewster",
        last_name="Murray-Hopper",
    )
    await create_address(client, user["id"])
    await create_address(client, user["id"])
    return user


async def _assert_gone(client: httpx.AsyncClient, user_id: str) -> None:
    for response in (
        await client.get(f"/users/{user_id}"),
        await client.patch(f"/users/{user_id}", json={"first_name": "Eve"}),
        await client.delete(f"/users/{user_id}"),
        await client.get(f"/users/{user_id}/addresses"),
        await client.post(f"/users/{user_id}/addresses", json=ADDRESS),
    ):
        assert refusal_of(response) == (404, "user-not-found")


async def _assert_no_trace(shop: Shop, user: dict[str, Any]) -> None:
    (row,) = await _rows(shop, "users")
    assert str(row["id"]) == user["id"]
    assert row["is_active"] is False
    assert await _rows(shop, "addresses") == []
    stored = repr([await _rows(shop, name) for name in Base.metadata.tables]).casefold()
    for trace in ("grace", "brewster", "navy", "murray", "hopper"):
        assert trace not in stored


async def _rows(shop: Shop, table: str) -> list[dict[str, Any]]:
    async with shop.database.read() as session:
        rows = await session.execute(select(Base.metadata.tables[table]))
        return [dict(row) for row in rows.mappings()]


async def _set_role(shop: Shop, user_id: str, role: UserRole) -> None:
    async with shop.database.write() as session:
        await session.execute(update(User).where(User.id == UUID(user_id)).values(role=role))
