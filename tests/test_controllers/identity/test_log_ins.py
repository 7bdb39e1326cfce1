"""Log-ins are renewed, listed and ended, and their tokens end with them."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import insert, inspect, select

from app.core.ids import new_id
from app.models import LoginSession
from app.schemas.identity.auth_schema import MAX_SESSIONS
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.support.accounts import events_of, kind_of, later, pair_of, renew, someone, status_of
from tests.support.factories import create_user
from tests.support.queries import statements_of
from tests.support.refusals import NOTHING
from tests.support.tables import everything, stored_values


@pytest.mark.any_database
async def test_a_refresh_token_is_exchanged_for_the_next_pair(machine: httpx.AsyncClient) -> None:
    person = await someone(machine)
    refresh, seen = person.refresh, {person.refresh, person.access}
    for _ in range(3):
        response = await renew(machine, refresh)
        assert response.status_code == 200
        pair = response.json()
        assert (pair["token_type"], pair["expires_in"]) == ("bearer", 900)
        assert await status_of(machine, pair["access_token"]) == 200
        refresh = pair["refresh_token"]
        seen |= {refresh, pair["access_token"]}
    assert len(seen) == 8
    # It is still the same log-in, and the first access token belongs to it.
    sessions = (await machine.get("/auth/sessions", headers=person.headers)).json()["items"]
    assert [session["is_current"] for session in sessions] == [True]


async def test_a_refresh_token_that_is_used_twice_ends_its_log_in_and_no_other(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person = await someone(machine)
    other = await pair_of(machine, person.user["email"])
    renewed = (await renew(machine, person.refresh)).json()
    assert await status_of(machine, renewed["access_token"]) == 200
    stolen = await renew(machine, person.refresh)
    assert kind_of(stolen) == (401, "refresh-token-reused")
    assert await status_of(machine, renewed["access_token"]) == 401
    assert await status_of(machine, person.access) == 401
    for token in (renewed["refresh_token"], person.refresh):
        assert kind_of(await renew(machine, token)) == (401, "invalid-token")
    assert await status_of(machine, other["access_token"]) == 200
    assert (await renew(machine, other["refresh_token"])).status_code == 200
    assert (await events_of(still, person.id))[-1].event == "refresh-token.reused"


async def test_of_two_concurrent_uses_one_succeeds_and_the_log_in_ends(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    for _ in range(5):
        person = await someone(machine)
        answers = await asyncio.gather(*(renew(machine, person.refresh) for _ in range(2)))
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        assert won.status_code == 200
        assert kind_of(lost) == (401, "refresh-token-reused")
        assert await status_of(machine, won.json()["access_token"]) == 401
        assert (await renew(machine, won.json()["refresh_token"])).status_code == 401
        events = [each.event for each in await events_of(still, person.id)]
        assert events == ["login.succeeded", "refresh-token.reused"]


async def test_a_log_in_lasts_thirty_days_with_any_number_of_renewals(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person = await someone(machine)
    with later(still, timedelta(days=29, hours=23, minutes=59)):
        renewed = (await renew(machine, person.refresh)).json()
        assert await status_of(machine, renewed["access_token"]) == 200
    with later(still, timedelta(days=30)):
        assert kind_of(await renew(machine, renewed["refresh_token"])) == (401, "invalid-token")
        assert kind_of(await renew(machine, person.refresh)) == (401, "invalid-token")
        assert await status_of(machine, renewed["access_token"]) == 401
        # Expired sessions are deleted when a process starts.
        await prepare(still)
    assert (await everything(still))["login_sessions"] == []


@pytest.mark.any_database
async def test_tokens_are_valid_only_for_their_purpose(
    machine: httpx.AsyncClient,
) -> None:
    person = await someone(machine)
    assert kind_of(await renew(machine, person.access)) == (401, "invalid-token")
    assert await status_of(machine, person.refresh) == 401
    head, payload, signature = person.access.split(".")
    forged = [f"{head}.{payload}.{signature[::-1]}", f"{head}.{payload}.", "x", "a.b.c"]
    for token in [*forged, f"eyJhbGciOiJub25lIn0.{payload}."]:
        assert await status_of(machine, token) == 401
        assert kind_of(await renew(machine, token)) == (401, "invalid-token")


@pytest.mark.any_database
async def test_a_user_logs_out_of_one_log_in(machine: httpx.AsyncClient) -> None:
    person = await someone(machine)
    other = await pair_of(machine, person.user["email"])
    response = await machine.post("/auth/logout", headers=person.headers)
    assert (response.status_code, response.content) == (204, b"")
    assert await status_of(machine, person.access) == 401
    assert kind_of(await renew(machine, person.refresh)) == (401, "invalid-token")
    assert await status_of(machine, other["access_token"]) == 200
    assert (await renew(machine, other["refresh_token"])).status_code == 200


@pytest.mark.any_database
async def test_a_user_logs_out_everywhere_and_others_stay_logged_in(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person, bystander = await someone(machine), await someone(machine)
    other = await pair_of(machine, person.user["email"])
    response = await machine.delete("/auth/sessions", headers=person.headers)
    assert (response.status_code, response.content) == (204, b"")
    for access, refresh in (
        (person.access, person.refresh),
        (other["access_token"], other["refresh_token"]),
    ):
        assert await status_of(machine, access) == 401
        assert kind_of(await renew(machine, refresh)) == (401, "invalid-token")
    assert await status_of(machine, bystander.access) == 200
    event = (await events_of(still, person.id))[-1]
    assert (event.event, event.detail) == ("login.ended", {"everywhere": True})


@pytest.mark.any_database
async def test_log_ins_are_listed_with_their_client(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine)
    first = await pair_of(machine, user["email"], **{"User-Agent": "Phone"})
    with later(still, timedelta(minutes=1)):
        await pair_of(machine, user["username"], **{"User-Agent": "T" * 300})
    await someone(machine)
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    with statements_of(still) as statements:
        sessions = (await machine.get("/auth/sessions", headers=headers)).json()["items"]
    # One for the caller, one for the list.
    assert len(statements) == 2
    assert [(each["user_agent"], each["is_current"]) for each in sessions] == [
        ("T" * 200, False),
        ("Phone", True),
    ]
    assert [sorted(each) for each in sessions] == [
        ["created_at", "expires_at", "id", "is_current", "last_used_at", "user_agent"]
    ] * 2


@pytest.mark.any_database
async def test_a_user_ends_another_log_in_by_its_id(machine: httpx.AsyncClient) -> None:
    person = await someone(machine)
    other = await pair_of(machine, person.user["email"], **{"User-Agent": "Lost phone"})
    sessions = (await machine.get("/auth/sessions", headers=person.headers)).json()["items"]
    (lost,) = (each["id"] for each in sessions if each["user_agent"] == "Lost phone")
    path = f"/auth/sessions/{lost}"
    assert (await machine.delete(path, headers=person.headers)).status_code == 204
    assert await status_of(machine, other["access_token"]) == 401
    assert await status_of(machine, person.access) == 200
    again = await machine.delete(path, headers=person.headers)
    assert kind_of(again) == (404, "session-not-found")


@pytest.mark.parametrize("whose", ["another's", "nobody's"])
async def test_a_log_in_of_another_user_is_not_found(
    machine: httpx.AsyncClient, still: Shop, whose: str
) -> None:
    person, other = await someone(machine), await someone(machine)
    sessions = (await machine.get("/auth/sessions", headers=other.headers)).json()["items"]
    session_id = sessions[0]["id"] if whose == "another's" else NOTHING
    before = await everything(still)
    response = await machine.delete(f"/auth/sessions/{session_id}", headers=person.headers)
    assert kind_of(response) == (404, "session-not-found")
    assert await everything(still) == before
    assert await status_of(machine, other.access) == 200


@pytest.mark.any_database
async def test_of_101_log_ins_the_oldest_ends_immediately(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person = await someone(machine)
    oldest = await pair_of(machine, person.user["email"])
    async with still.database.write() as session:
        sample = (await session.scalars(select(LoginSession))).all()[-1]
        columns = [each.key for each in inspect(LoginSession).column_attrs]
        row = {name: getattr(sample, name) for name in columns}
        rows = [row | {"id": new_id(still.clock.now())} for _ in range(MAX_SESSIONS - 2)]
        await session.execute(insert(LoginSession), rows)
    for access in (person.access, oldest["access_token"]):
        assert await status_of(machine, access) == 200
    newest = await pair_of(machine, person.user["email"])
    assert await status_of(machine, person.access) == 401
    assert kind_of(await renew(machine, person.refresh)) == (401, "invalid-token")
    for access in (oldest["access_token"], newest["access_token"]):
        assert await status_of(machine, access) == 200


@pytest.mark.any_database
async def test_only_the_digest_of_a_refresh_token_is_stored(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person = await someone(machine)
    rows = await stored_values(still)
    assert person.refresh not in repr(rows) and person.access not in repr(rows)
    names = [column.name for column in LoginSession.__table__.columns]
    (session,) = (dict(zip(names, row)) for row in rows["login_sessions"])
    assert len(session["refresh_digest"]) == 32
