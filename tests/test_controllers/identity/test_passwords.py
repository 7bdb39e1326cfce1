"""Passwords are changed, stored and rehashed, and the key of the tokens is replaced."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.controllers.identity import CONTROLLERS as IDENTITY
from app.models import User
from app.wiring.resources import Shop
from tests.conftest import client_of, sqlite_settings
from tests.support.accounts import (
    Person,
    events_of,
    kind_of,
    log_in,
    pair_of,
    renew,
    someone,
    standing,
    status_of,
    told,
)
from tests.support.factories import PASSWORD, create_user
from tests.support.refusals import places_of
from tests.support.tables import everything, stored_values

pytestmark = pytest.mark.any_database

NEW = "wrong horse battery staple"
OLD_KEY, NEW_KEY = "old key, old key, old key, old key", "new key, new key, new key, new key"
COMMON = "is too common"
NAMED = "must not contain the username or the e-mail address"
WEAK = {
    "password123": COMMON,
    "PASSWORD123": COMMON,
    "my amazing-grace password": NAMED,
    "AMAZING-GRACE and more": NAMED,
    "1 Grace@Navy.example.com 2": NAMED,
    "seven 7": "must have at least 8 characters",
    "x" * 129: "must have at most 128 characters",
}


async def change(
    client: httpx.AsyncClient, person: Person, new: str, current: str = PASSWORD
) -> httpx.Response:
    """Send a change of a user's own password."""
    body = {"current_password": current, "new_password": new}
    return await client.post("/auth/password", json=body, headers=person.headers)


async def kept_of(shop: Shop) -> list[str | None]:
    """Return the stored hashes of the passwords."""
    async with shop.database.read() as session:
        return list(await session.scalars(select(User.password_hash).order_by(User.created_at)))


async def test_a_new_password_is_the_only_one_and_ends_every_log_in(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person, bystander = await someone(machine), await someone(machine)
    other = await pair_of(machine, person.user["email"])
    mails = len(await told(still))
    response = await change(machine, person, NEW)
    assert (response.status_code, response.content) == (204, b"")
    assert await told(still, mails) == [(person.user["email"], "Your password was changed")]
    for access, refresh in (
        (person.access, person.refresh),
        (other["access_token"], other["refresh_token"]),
    ):
        assert await status_of(machine, access) == 401
        assert (await renew(machine, refresh)).status_code == 401
    assert await status_of(machine, bystander.access) == 200
    assert (await log_in(machine, person.user["email"])).status_code == 401
    pair = await pair_of(machine, person.user["email"], NEW)
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert (await machine.get("/users/me", headers=headers)).json()["version"] == 2


async def test_the_current_password_is_required(machine: httpx.AsyncClient, still: Shop) -> None:
    person = await someone(machine)
    before = await everything(still)
    response = await change(machine, person, NEW, current=NEW)
    assert kind_of(response) == (401, "invalid-credentials")
    after = await everything(still)
    assert [each.event for each in await events_of(still)] == ["login.succeeded", "login.failed"]
    assert len(before.pop("audit_events")) == 1 and len(after.pop("audit_events")) == 2
    assert after == before
    assert await status_of(machine, person.access) == 200


async def test_a_weak_password_is_refused_with_the_reason(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    names = {"username": "amazing-grace", "email": "grace@navy.example.com"}
    person = await someone(machine, **names)
    before = await everything(still)
    for new, reason in WEAK.items():
        refused = await change(machine, person, new)
        assert places_of(refused.json()) == {"#/new_password": reason}
        # The same rules apply to a registration.
        other = {"first_name": "G", "last_name": "H", "password": new} | names
        refused = await machine.post("/users", json=other)
        assert places_of(refused.json()) == {"#/password": reason}
    assert await everything(still) == before


@pytest.mark.parametrize("new", ["eight 8!", "\u00e9" * 128, "\N{PILE OF POO}" * 8, " " * 20])
async def test_a_password_may_have_8_to_128_characters_of_any_kind(
    machine: httpx.AsyncClient, new: str
) -> None:
    person = await someone(machine)
    assert (await change(machine, person, new)).status_code == 204
    assert (await log_in(machine, person.user["email"], new)).status_code == 200


async def test_a_username_of_three_letters_may_be_in_a_password(
    machine: httpx.AsyncClient,
) -> None:
    person = await someone(machine, username="ada", password="adamant and stubborn")
    assert await status_of(machine, person.access) == 200


async def test_a_password_is_stored_as_argon2id_and_nowhere_in_plain_text(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    users = [await create_user(machine) for _ in range(2)]
    kept = await kept_of(still)
    assert [str(each)[:31] for each in kept] == [
        "$argon2id$v=19$m=8,t=1,p=1$" + str(each)[27:31] for each in kept
    ]
    assert len(set(kept)) == len(users)
    assert PASSWORD not in repr(await stored_values(still))


async def test_a_password_is_rehashed_at_a_log_in_after_the_parameters_change(
    tmp_path: Path,
) -> None:
    before = sqlite_settings(tmp_path, secret_key=OLD_KEY)
    async with standing(before, IDENTITY) as app, client_of(app) as client:
        user = await create_user(client, email="ada@example.com")
    async with standing(before.model_copy(update={"password_memory_kib": 16}), IDENTITY) as app:
        shop: Shop = app.state.shop
        async with client_of(app) as client:
            assert (await log_in(client, user["email"], NEW)).status_code == 401
            first = (await _hash_of(shop, user))[:26]
            assert (await log_in(client, user["email"])).status_code == 200
            second = await _hash_of(shop, user)
            assert (await log_in(client, user["email"])).status_code == 200
            third = await _hash_of(shop, user)
    assert first == "$argon2id$v=19$m=8,t=1,p=1"
    assert second.startswith("$argon2id$v=19$m=16,t=1,p=1$")
    assert third == second


async def test_a_replaced_key_still_verifies_its_signatures(tmp_path: Path) -> None:
    old = sqlite_settings(tmp_path, secret_key=OLD_KEY)
    both = sqlite_settings(tmp_path, secret_key=NEW_KEY, previous_secret_key=OLD_KEY)
    new = sqlite_settings(tmp_path, secret_key=NEW_KEY)
    async with (
        standing(old, IDENTITY) as first,
        standing(both, IDENTITY) as second,
        standing(new, IDENTITY) as third,
    ):
        clients = [client_of(app) for app in (first, second, third)]
        person = await someone(clients[0])
        assert [await status_of(each, person.access) for each in clients] == [200, 200, 401]
        assert (await renew(clients[2], person.refresh)).status_code == 401
        renewed = (await renew(clients[1], person.refresh)).json()
        access = renewed["access_token"]
        assert [await status_of(each, access) for each in clients] == [401, 200, 200]
        assert (await renew(clients[2], renewed["refresh_token"])).status_code == 200


async def test_without_a_configured_key_all_processes_share_a_generated_one(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path)
    async with standing(settings, IDENTITY) as first, standing(settings, IDENTITY) as second:
        person = await someone(client_of(first))
        assert await status_of(client_of(second), person.access) == 200
    async with standing(settings, IDENTITY) as third:
        assert await status_of(client_of(third), person.access) == 200


async def _hash_of(shop: Shop, user: dict[str, Any]) -> str:
    async with shop.database.read() as session:
        kept = await session.scalar(
            select(User.password_hash).where(User.username == user["username"])
        )
    assert kept is not None
    return str(kept)
