"""Two processes on one database: a removal of rights in one takes effect in the other."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from app.models import UserRole
from app.wiring.resources import Shop
from tests.conftest import postgres_settings
from tests.support.accounts import Person, bearer, pair_of, renew, set_user, someone, status_of
from tests.support.factories import create_product
from tests.support.machines import AUTHORIZATION, let_machine_in
from tests.support.processes import serving
from tests.support.servers import PostgresServer

# A process caches identities for three seconds.
AT_MOST_SECONDS = 5.0


@dataclass(frozen=True)
class Pair:
    """Two web processes, and their database."""

    shop: Shop
    here: httpx.AsyncClient
    there: httpx.AsyncClient

    async def admin(self) -> Person:
        """Return an administrator who has logged in."""
        person = await someone(self.here)
        await set_user(self.shop, person.id, role=UserRole.ADMIN)
        return person


@pytest_asyncio.fixture(name="pair", scope="module", loop_scope="session")
async def both(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pair]:
    """A shop on PostgreSQL with two web processes, shared by all these tests."""
    folder = tmp_path_factory.mktemp("shared")
    postgres_server.create_database("shared")
    settings = postgres_settings(postgres_server, "shared", data_dir=folder / "var")
    shop = Shop(settings)
    with serving(settings, folder) as first, serving(settings, folder) as second:
        await let_machine_in(shop)
        clients = [
            httpx.AsyncClient(base_url=f"{each.url}/api/v1", headers=AUTHORIZATION)
            for each in (first, second)
        ]
        try:
            yield Pair(shop, *clients)
        finally:
            for client in clients:
                await client.aclose()
            await shop.close()
    postgres_server.drop_database("shared")


async def seconds_until_out(client: httpx.AsyncClient, access_token: str) -> float:
    """Return the seconds for which a process still accepts a token."""
    started = time.monotonic()
    while await status_of(client, access_token) == 200:
        assert time.monotonic() - started < AT_MOST_SECONDS
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def test_rights_that_are_removed_in_one_process_end_in_the_other(
    pair: Pair,
) -> None:
    admin = await pair.admin()
    people = {name: await someone(pair.here) for name in ("locked", "gone", "left", "reused")}
    # The other process caches them from now on.
    for person in people.values():
        assert await status_of(pair.there, person.access) == 200
    path = f"/users/{people['locked'].id}/access"
    locked = await pair.here.patch(path, json={"is_active": False}, headers=admin.headers)
    assert locked.status_code == 200
    assert (await pair.here.delete(f"/users/{people['gone'].id}")).status_code == 204
    left = await pair.here.post("/auth/logout", headers=people["left"].headers)
    assert left.status_code == 204
    assert (await renew(pair.here, people["reused"].refresh)).status_code == 200
    assert (await renew(pair.here, people["reused"].refresh)).status_code == 401
    waits = await asyncio.gather(
        *(seconds_until_out(pair.there, each.access) for each in people.values())
    )
    assert max(waits) < AT_MOST_SECONDS
    # Stored changes take effect at once everywhere: no new tokens, no new log-ins.
    for person in people.values():
        assert (await renew(pair.there, person.refresh)).status_code == 401
    unlocked = await pair.here.patch(path, json={"is_active": True}, headers=admin.headers)
    assert unlocked.status_code == 200
    again = await pair_of(pair.there, people["locked"].user["email"])
    assert await status_of(pair.here, again["access_token"]) == 200


async def test_a_key_that_is_revoked_in_one_process_becomes_invalid_in_the_other(
    pair: Pair,
) -> None:
    admin = await pair.admin()
    body = {"name": "warehouse", "scopes": ["users:read"]}
    key = (await pair.here.post("/api-keys", json=body, headers=admin.headers)).json()
    path, headers = f"/users/{admin.id}", bearer(key["key"])
    assert (await pair.there.get(path, headers=headers)).status_code == 200
    revoked = await pair.here.delete(f"/api-keys/{key['id']}", headers=admin.headers)
    assert revoked.status_code == 204
    assert (await pair.here.get(path, headers=headers)).status_code == 401
    started = time.monotonic()
    while (await pair.there.get(path, headers=headers)).status_code == 200:
        assert time.monotonic() - started < AT_MOST_SECONDS
        await asyncio.sleep(0.05)
    assert (await pair.there.get(path, headers=headers)).status_code == 401


async def test_in_the_same_process_rights_end_before_the_response(
    pair: Pair,
) -> None:
    admin, person = await pair.admin(), await someone(pair.here)
    assert await status_of(pair.here, person.access) == 200
    path = f"/users/{person.id}/access"
    await pair.here.patch(path, json={"is_active": False}, headers=admin.headers)
    assert await status_of(pair.here, person.access) == 401


async def test_a_change_by_a_caller_who_has_lost_the_right_is_refused_in_all_processes_at_once(
    pair: Pair,
) -> None:
    product = {"sku": "tea", "name": "Tea", "category": "Tea", "price": "4.99"}
    admin, staff = await pair.admin(), await pair.admin()
    body = {"name": "warehouse", "scopes": ["products:read", "products:write"]}
    key = (await pair.here.post("/api-keys", json=body, headers=admin.headers)).json()
    # The other process has cached both a moment ago.
    for headers in (staff.headers, bearer(key["key"])):
        assert (await pair.there.get("/products", headers=headers)).status_code == 200
    assert (await pair.there.get("/users", headers=staff.headers)).status_code == 200
    path = f"/users/{staff.id}/access"
    await pair.here.patch(path, json={"role": "customer"}, headers=admin.headers)
    await pair.here.delete(f"/api-keys/{key['id']}", headers=admin.headers)
    by_staff = await pair.there.post("/products", json=product, headers=staff.headers)
    by_key = await pair.there.post("/products", json=product, headers=bearer(key["key"]))
    assert (by_staff.status_code, by_key.status_code) == (403, 401)


async def test_a_revoked_key_cannot_place_orders_in_other_processes_after_a_few_seconds(
    pair: Pair,
) -> None:
    admin, buyer = await pair.admin(), await someone(pair.here)
    product = await create_product(pair.here, stock_quantity=1_000)
    body = {"name": "website", "scopes": ["orders:write"]}
    key = (await pair.here.post("/api-keys", json=body, headers=admin.headers)).json()
    order = {"user_id": buyer.id, "items": [{"product_id": product["id"], "quantity": 1}]}

    async def status_there(headers: dict[str, str]) -> int:
        return (await pair.there.post("/orders", json=order, headers=headers)).status_code

    assert await status_there(bearer(key["key"])) == await status_there(admin.headers) == 201
    await pair.here.delete(f"/api-keys/{key['id']}", headers=admin.headers)
    await set_user(pair.shop, admin.id, is_active=False)
    assert await status_there(admin.headers) == 401
    began = time.monotonic()
    while await status_there(bearer(key["key"])) == 201:
        assert time.monotonic() - began < AT_MOST_SECONDS
        await asyncio.sleep(0.1)
    assert await status_there(bearer(key["key"])) == 401
