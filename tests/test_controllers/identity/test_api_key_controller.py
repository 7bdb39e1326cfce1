"""API keys over HTTP: created, shown without secrets, and valid until expiry or revocation."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete

from app.errors import Forbidden
from app.models import ApiKey, UserRole
from app.schemas.identity.api_key_schema import ApiKeyCreate
from app.security.principal import Caller
from app.wiring.areas.identity import provide_api_keys
from app.wiring.resources import Shop
from tests.support.accounts import (
    Person,
    bearer,
    events_of,
    kind_of,
    later,
    set_user,
    someone_of,
)
from tests.support.factories import create_product, place_order
from tests.support.machines import KEY_ID
from tests.support.queries import statements_of
from tests.support.refusals import NOTHING
from tests.support.tables import everything, stored_values

WAREHOUSE = {"name": "warehouse", "scopes": ["products:write", "products:read", "products:read"]}


async def made(client: httpx.AsyncClient, admin: Person, **changes: Any) -> dict[str, Any]:
    """Create a key and return the response, which is the only one with its secret."""
    response = await client.post("/api-keys", json=WAREHOUSE | changes, headers=admin.headers)
    assert response.status_code == 201, response.text
    assert response.headers.get_list("Cache-Control") == ["no-store"]
    assert "ETag" not in response.headers
    key: dict[str, Any] = response.json()
    return key


async def use(client: httpx.AsyncClient, key: str) -> int:
    """Return the status of a request with a key."""
    return (await client.get("/products", headers=bearer(key))).status_code


async def add(client: httpx.AsyncClient, key: str, sku: str = "tea") -> httpx.Response:
    """Add a product with a key."""
    product = {"sku": sku, "name": "Tea", "category": "Tea", "price": "4.99"}
    return await client.post("/products", json=product, headers=bearer(key))


async def listed(client: httpx.AsyncClient, admin: Person, **query: Any) -> dict[str, Any]:
    """Return a page of keys."""
    response = await client.get("/api-keys", params=query, headers=admin.headers)
    assert response.status_code == 200
    page: dict[str, Any] = response.json()
    return page


async def test_a_key_is_shown_once_and_stored_as_a_digest(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    key = await made(machine, admin)
    secret = key.pop("key")
    assert secret.startswith(f"lavka_{key['id'].replace('-', '')}_")
    assert len(secret) == len("lavka_") + 32 + 1 + 43
    assert {name: key[name] for name in key if name not in ("id", "created_at")} == {
        "name": "warehouse",
        "scopes": ["products:read", "products:write"],
        "created_by": admin.id,
        "last_used_at": None,
        "expires_at": None,
        "revoked_at": None,
    }
    assert (await listed(machine, admin))["items"][0] == key
    stored = repr(await stored_values(still))
    assert secret not in stored and secret.split("_", 2)[2] not in stored
    assert (await add(machine, secret)).status_code == 201


@pytest.mark.any_database
async def test_no_response_with_a_secret_is_stored_for_a_repetition(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    headers = admin.headers | {"Idempotency-Key": "one"}
    keys = [
        (await machine.post("/api-keys", json=WAREHOUSE, headers=headers)).json()["key"]
        for _ in range(2)
    ]
    assert len(set(keys)) == 2
    assert (await everything(still))["idempotency_keys"] == []


@pytest.mark.any_database
async def test_keys_are_listed_page_by_page_the_newest_first(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    async with still.database.write() as session:
        await session.execute(delete(ApiKey).where(ApiKey.id == KEY_ID))
    admin = await someone_of(machine, still, UserRole.ADMIN)
    names = []
    for number in range(5):
        names.append((await made(machine, admin, name=f"key {number}"))["name"])
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        still.identities.clear()
        with statements_of(still) as statements:
            page = await listed(machine, admin, **query)
        # One for the caller, one for the page.
        assert len(statements) == 2
        seen += [key["name"] for key in page["items"]]
        assert all("key" not in key for key in page["items"])
        if (cursor := page["next"]) is None:
            break
    assert seen == names[::-1]


async def test_a_recently_verified_key_or_token_needs_no_statement(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    key = await made(machine, admin, scopes=["users:read"])
    path = f"/users/{admin.id}"
    for headers, table in ((bearer(key["key"]), "api_keys"), (admin.headers, "login_sessions")):
        still.identities.clear()
        counts = []
        for _ in range(3):
            with statements_of(still) as statements:
                assert (await machine.get(path, headers=headers)).status_code == 200
            counts.append(sum(table in each.sql for each in statements))
        assert counts[0] > 0
        assert counts[1:] == [0, 0]
    revoked = await machine.delete(f"/api-keys/{key['id']}", headers=admin.headers)
    assert revoked.status_code == 204
    assert (await machine.get(path, headers=bearer(key["key"]))).status_code == 401


async def test_the_last_use_is_recorded_once_a_minute(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    key = await made(machine, admin)

    async def last_use() -> datetime | None:
        (found,) = (
            each for each in (await listed(machine, admin))["items"] if each["id"] == key["id"]
        )
        at = found["last_used_at"]
        return None if at is None else datetime.fromisoformat(at)

    assert await last_use() is None
    started = still.clock.now()
    assert await use(machine, key["key"]) == 200
    assert (await add(machine, key["key"])).status_code == 201
    first = await last_use()
    assert first is not None and started <= first <= still.clock.now()
    for seconds, is_audited in ((50, False), (61, True)):
        with later(still, timedelta(seconds=seconds)):
            assert (await add(machine, key["key"], f"tea-{seconds}")).status_code == 201
            noted = await last_use()
            assert noted is not None
            assert (noted > first) is is_audited


@pytest.mark.any_database
async def test_a_key_is_valid_until_it_expires(machine: httpx.AsyncClient, still: Shop) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    until = still.clock.now() + timedelta(hours=1)
    key = await made(machine, admin, expires_at=until.isoformat())
    assert datetime.fromisoformat(key["expires_at"]) == until
    with later(still, timedelta(minutes=59, seconds=55)):
        assert (await add(machine, key["key"])).status_code == 201
    with later(still, timedelta(hours=1)):
        assert kind_of(await add(machine, key["key"], "cup")) == (401, "invalid-token")


@pytest.mark.any_database
async def test_a_revoked_key_is_no_longer_valid(machine: httpx.AsyncClient, still: Shop) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    key, other = await made(machine, admin), await made(machine, admin)
    read = {"products:read", "orders:read"}
    orders = await made(machine, admin, scopes=sorted(read))
    path = f"/api-keys/{key['id']}"
    assert (await add(machine, key["key"])).status_code == 201
    revoked = await machine.delete(path, headers=admin.headers)
    assert (revoked.status_code, revoked.content) == (204, b"")
    assert kind_of(await add(machine, key["key"], "cup")) == (401, "invalid-token")
    assert (await add(machine, other["key"], "cup")).status_code == 201
    assert (await machine.get("/orders", headers=bearer(orders["key"]))).status_code == 200
    shown = (await listed(machine, admin))["items"]
    assert [each["revoked_at"] is None for each in shown if each["id"] == key["id"]] == [False]
    # A repeated revocation is not refused, and does not change the time.
    assert (await machine.delete(path, headers=admin.headers)).status_code == 204
    assert (await listed(machine, admin))["items"] == shown
    assert [each.event for each in await events_of(still, key["id"])] == [
        "api-key.created",
        "api-key.revoked",
    ]


@pytest.mark.parametrize("how", ["deactivated", "demoted", "deleted", "anonymised"])
async def test_a_key_is_valid_only_while_its_creator_is_an_administrator(
    machine: httpx.AsyncClient, still: Shop, how: str
) -> None:
    maker = await someone_of(machine, still, UserRole.ADMIN)
    admin = await someone_of(machine, still, UserRole.ADMIN)
    key, revoked, other = [await made(machine, each) for each in (maker, maker, admin)]
    await machine.delete(f"/api-keys/{revoked['id']}", headers=maker.headers)
    assert (await add(machine, key["key"])).status_code == 201
    if how == "anonymised":
        product = await create_product(machine)
        await place_order(machine, maker.id, {product["id"]: 1})
    path = f"/users/{maker.id}"
    answer = await {
        "deactivated": lambda: machine.patch(
            f"{path}/access", json={"is_active": False}, headers=admin.headers
        ),
        "demoted": lambda: machine.patch(
            f"{path}/access", json={"role": "staff"}, headers=admin.headers
        ),
        "deleted": lambda: machine.delete(path, headers=admin.headers),
        "anonymised": lambda: machine.delete(path, headers=maker.headers),
    }[how]()
    assert answer.is_success
    assert kind_of(await add(machine, key["key"], "cup")) == (401, "invalid-token")
    assert (await add(machine, other["key"], "cup")).status_code == 201
    events = [[each.event for each in await events_of(still, one["id"])] for one in (key, revoked)]
    assert events == [["api-key.created", "api-key.revoked"]] * 2
    by = maker if how == "anonymised" else admin
    assert (await events_of(still, key["id"]))[-1].actor == f"user {by.id}"


@pytest.mark.any_database
async def test_a_key_stays_revoked_when_its_creator_becomes_an_administrator_again(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    maker = await someone_of(machine, still, UserRole.ADMIN)
    admin = await someone_of(machine, still, UserRole.ADMIN)
    key, path = (await made(machine, maker))["key"], f"/users/{maker.id}/access"
    # A change that keeps the right to create keys keeps the keys.
    same = {"is_active": True, "role": "admin"}
    assert (await machine.patch(path, json=same, headers=admin.headers)).status_code == 200
    assert (await add(machine, key)).status_code == 201
    for role in ("customer", "admin"):
        answer = await machine.patch(path, json={"role": role}, headers=admin.headers)
        assert answer.status_code == 200
    assert kind_of(await add(machine, key, "cup")) == (401, "invalid-token")
    assert (await made(machine, maker))["created_by"] == maker.id


@pytest.mark.any_database
async def test_a_key_is_not_created_after_its_creator_was_demoted(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    maker = await someone_of(machine, still, UserRole.ADMIN)
    # The request was authorized before the demotion.
    caller = Caller(f"user {maker.id}", user_id=UUID(maker.id), role=UserRole.ADMIN)
    await set_user(still, maker.id, role=UserRole.STAFF)
    with pytest.raises(Forbidden):
        async with still.database.write() as session:
            data = ApiKeyCreate.parse(WAREHOUSE)
            await provide_api_keys(session, still).issue(caller, data)
    assert [each[0] for each in (await stored_values(still))["api_keys"]] == [KEY_ID]


@pytest.mark.any_database
@pytest.mark.parametrize("how", ["another secret", "none", "another id", "no id", "no key"])
async def test_a_key_is_valid_only_with_its_own_secret(
    machine: httpx.AsyncClient, still: Shop, how: str
) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    key, other = (await made(machine, admin))["key"], (await made(machine, admin))["key"]
    head, own, secret = key.split("_", 2)
    wrong = {
        "another secret": f"{head}_{own}_{other.split('_', 2)[2]}",
        "none": f"{head}_{own}_",
        "another id": f"{head}_{NOTHING.replace('-', '')}_{secret}",
        "no id": f"{head}__{secret}",
        "no key": "lavka_",
    }[how]
    before = await everything(still)
    assert kind_of(await add(machine, wrong)) == (401, "invalid-token")
    assert await everything(still) == before


@pytest.mark.any_database
async def test_a_key_has_access_only_within_its_scopes(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    key = bearer((await made(machine, admin, scopes=["orders:read"]))["key"])
    assert (await machine.get("/orders", headers=key)).status_code == 200
    refused = await machine.get("/users", headers=key)
    assert kind_of(refused) == (403, "forbidden")
    assert refused.json()["needs"] == "users:read"
    # No scope gives the right to create another key.
    assert kind_of(await machine.post("/api-keys", json=WAREHOUSE)) == (403, "forbidden")


@pytest.mark.any_database
async def test_an_unknown_key_cannot_be_revoked(machine: httpx.AsyncClient, still: Shop) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    response = await machine.delete(f"/api-keys/{NOTHING}", headers=admin.headers)
    assert kind_of(response) == (404, "api-key-not-found")
