"""Addresses of users over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import Clock
from app.wiring.resources import Shop
from tests.support.factories import address as address_in
from tests.support.factories import create_address, create_user
from tests.support.refusals import refusal_of, refused


class TickingClock(Clock):
    """A clock that is one microsecond later each time."""

    def __init__(self) -> None:
        super().__init__()
        self._tick = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the next microsecond."""
        self._tick += timedelta(microseconds=1)
        return self._tick


@pytest.mark.any_database
async def test_an_address_is_shown_as_given(client: httpx.AsyncClient) -> None:
    user = await create_user(client)
    data = address_in(region="Greater London")
    response = await client.post(f"/users/{user['id']}/addresses", json=data)
    body = response.json()
    assert response.status_code == 201
    assert {name: body[name] for name in data} == data
    path = f"/users/{user['id']}/addresses/{body['id']}"
    assert response.headers["Location"] == f"/api/v1{path}"
    shown = await client.get(path)
    assert (shown.json(), shown.headers["ETag"]) == (body, response.headers["ETag"])
    unchanged = await client.get(path, headers={"If-None-Match": shown.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.any_database
async def test_the_first_address_is_primary(client: httpx.AsyncClient) -> None:
    user = await create_user(client)
    first = await create_address(client, user["id"], is_primary=False)
    second = await create_address(client, user["id"])
    assert (first["is_primary"], second["is_primary"]) == (True, False)
    assert await _addresses(client, user) == [first, second]


@pytest.mark.any_database
async def test_a_new_primary_address_replaces_the_old_one(client: httpx.AsyncClient) -> None:
    user = await create_user(client)
    first = await create_address(client, user["id"])
    second = await create_address(client, user["id"], is_primary=True)
    assert second["is_primary"] is True
    assert await _addresses(client, user) == [first | {"is_primary": False}, second]


@pytest.mark.any_database
async def test_addresses_of_one_millisecond_are_listed_oldest_first(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await create_user(client)
    monkeypatch.setattr(shop, "clock", TickingClock())
    added = [await create_address(client, user["id"]) for _ in range(8)]
    assert await _addresses(client, user) == added
    await client.delete(f"/users/{user['id']}/addresses/{added[0]['id']}")
    assert await _addresses(client, user) == [added[1] | {"is_primary": True}, *added[2:]]


@pytest.mark.parametrize("is_primary", [True, False])
async def test_of_concurrently_added_addresses_exactly_one_is_primary(
    client: httpx.AsyncClient, is_primary: bool
) -> None:
    user = await create_user(client)
    await asyncio.gather(
        *(create_address(client, user["id"], is_primary=is_primary) for _ in range(8))
    )
    addresses = await _addresses(client, user)
    assert len(addresses) == 8
    assert sum(address["is_primary"] for address in addresses) == 1


@pytest.mark.any_database
async def test_a_user_has_at_most_100_addresses(client: httpx.AsyncClient, shop: Shop) -> None:
    user, other = await create_user(client), await create_user(client)
    added = [await create_address(client, user["id"]) for _ in range(99)]
    path = f"/users/{user['id']}/addresses"
    responses = await asyncio.gather(*(client.post(path, json=address_in()) for _ in range(2)))
    assert sorted(response.status_code for response in responses) == [201, 409]
    full = await _addresses(client, user)
    assert (full[:99], len(full)) == (added, 100)
    for is_primary in (True, False):
        data = address_in(is_primary=is_primary)
        problem = await refused(client, shop, "POST", path, json=data)
        assert problem == {
            "type": "urn:problem:too-many-addresses",
            "title": "The user has too many addresses",
            "status": 409,
            "detail": "a user may have 100 addresses",
            "max_addresses": 100,
        }
    await create_address(client, other["id"])
    await client.delete(f"{path}/{full[50]['id']}")
    await create_address(client, user["id"])


async def test_of_concurrently_promoted_and_removed_addresses_exactly_one_is_primary(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    added = [await create_address(client, user["id"]) for _ in range(8)]
    paths = [f"/users/{user['id']}/addresses/{address['id']}" for address in added]
    promotions = [client.patch(path, json={"is_primary": True}) for path in paths[3:]]
    removals = [client.delete(path) for path in paths[:3]]
    responses = await asyncio.gather(*removals, *promotions)
    assert [response.status_code for response in responses] == [204] * 3 + [200] * 5
    left = await _addresses(client, user)
    assert [address["id"] for address in left] == [address["id"] for address in added[3:]]
    assert sum(address["is_primary"] for address in left) == 1


@pytest.mark.any_database
@pytest.mark.parametrize(
    "change",
    [
        {"street": "6 Harley Street"},
        {"city": "Paris"},
        {"region": "Greater London"},
        {"region": ""},
        {"postal_code": "W1G 9PD"},
        {"country": "FR"},
        {"street": "1 Rue de Rivoli", "city": "Paris", "postal_code": "75001", "country": "FR"},
    ],
)
async def test_only_the_given_fields_of_an_address_change(
    client: httpx.AsyncClient, change: dict[str, str]
) -> None:
    user = await create_user(client)
    address = await create_address(client, user["id"], region="London")
    response = await client.patch(f"/users/{user['id']}/addresses/{address['id']}", json=change)
    changed = response.json()
    assert response.status_code == 200
    assert changed["updated_at"] > address["updated_at"]
    assert changed == address | change | {"updated_at": changed["updated_at"]}
    assert await _addresses(client, user) == [changed]


@pytest.mark.any_database
async def test_a_change_of_an_outdated_version_of_an_address_is_refused(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    address = await create_address(client, user["id"])
    path = f"/users/{user['id']}/addresses/{address['id']}"
    old = (await client.get(path)).headers["ETag"]
    changed = await client.patch(path, json={"city": "Leeds"}, headers={"If-Match": old})
    assert changed.status_code == 200
    response = await client.patch(path, json={"city": "York"}, headers={"If-Match": old})
    assert refusal_of(response) == (412, "precondition-failed")
    assert response.json()["etag"] == changed.headers["ETag"]
    assert await _addresses(client, user) == [changed.json()]


@pytest.mark.any_database
async def test_a_promoted_address_replaces_the_primary_one(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    added = [await create_address(client, user["id"]) for _ in range(3)]
    path = f"/users/{user['id']}/addresses/{added[2]['id']}"
    response = await client.patch(path, json={"is_primary": True})
    assert (response.status_code, response.json()["is_primary"]) == (200, True)
    assert await _primary(client, user) == [added[2]["id"]]


@pytest.mark.any_database
async def test_a_primary_address_stays_primary_until_another_is(client: httpx.AsyncClient) -> None:
    user = await create_user(client)
    first = await create_address(client, user["id"])
    await create_address(client, user["id"])
    path = f"/users/{user['id']}/addresses/{first['id']}"
    response = await client.patch(path, json={"is_primary": False})
    assert (response.status_code, response.json()["is_primary"]) == (200, True)
    assert await _primary(client, user) == [first["id"]]


@pytest.mark.any_database
async def test_the_oldest_address_becomes_primary_after_the_primary_one_is_removed(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    added = [await create_address(client, user["id"]) for _ in range(4)]
    base = f"/users/{user['id']}/addresses"
    await client.patch(f"{base}/{added[3]['id']}", json={"is_primary": True})
    assert (await client.delete(f"{base}/{added[3]['id']}")).status_code == 204
    assert await _primary(client, user) == [added[0]["id"]]
    assert (await client.delete(f"{base}/{added[1]['id']}")).status_code == 204
    assert await _primary(client, user) == [added[0]["id"]]
    assert (await client.delete(f"{base}/{added[0]['id']}")).status_code == 204
    assert await _primary(client, user) == [added[2]["id"]]
    assert (await client.delete(f"{base}/{added[2]['id']}")).status_code == 204
    assert await _addresses(client, user) == []
    assert (await create_address(client, user["id"]))["is_primary"] is True


async def test_the_address_of_another_user_is_not_found(client: httpx.AsyncClient) -> None:
    owner, other = await create_user(client), await create_user(client)
    address = await create_address(client, owner["id"])
    own = await create_address(client, other["id"])
    path = f"/users/{other['id']}/addresses/{address['id']}"
    for response in (
        await client.get(path),
        await client.patch(path, json={"city": "Leeds", "is_primary": True}),
        await client.delete(path),
    ):
        assert refusal_of(response) == (404, "address-not-found")
    assert await _addresses(client, owner) == [address]
    assert await _addresses(client, other) == [own]


async def _addresses(client: httpx.AsyncClient, user: dict[str, Any]) -> list[dict[str, Any]]:
    response = await client.get(f"/users/{user['id']}/addresses")
    assert response.status_code == 200, response.text
    addresses: list[dict[str, Any]] = response.json()["items"]
    return addresses


async def _primary(client: httpx.AsyncClient, user: dict[str, Any]) -> list[str]:
    return [each["id"] for each in await _addresses(client, user) if each["is_primary"]]
