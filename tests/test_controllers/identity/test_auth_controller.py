"""Log-ins over HTTP: successful and refused ones, and the data that no response reveals."""

import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from app.models import UserRole
from app.wiring.resources import Shop
from tests.support.accounts import kind_of, later, log_in, pair_of, set_user, someone, status_of
from tests.support.factories import PASSWORD, create_user
from tests.support.queries import statements_of
from tests.support.tables import everything

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WRONG = "wrong horse battery staple"
REFUSAL = (
    b'{"type":"urn:problem:invalid-credentials","title":"Invalid username or password",'
    b'"status":401,"detail":"there is no such user with this password"}'
)
SPELLINGS = [
    "\u00c9milie.N@example.com",
    "E\u0301MILIE.n@EXAMPLE.com",
    "e\u0301milie.n@example.COM",
    "Emilie-1",
    "EMILIE-1",
    "emilie-1",
]


async def posted(client: httpx.AsyncClient, body: str | bytes) -> httpx.Response:
    """Send a form as raw text."""
    return await client.post("/auth/token", content=body, headers=FORM)


@pytest.mark.any_database
@pytest.mark.parametrize("name", SPELLINGS)
async def test_a_user_logs_in_by_either_name_in_any_spelling(
    machine: httpx.AsyncClient, name: str
) -> None:
    user = await create_user(machine, email="\u00c9milie.N@example.com", username="Emilie-1")
    pair = await pair_of(machine, name)
    assert sorted(pair) == ["access_token", "expires_in", "refresh_token", "token_type"]
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 900)
    headers = {"Authorization": f"bearer {pair['access_token']}"}
    assert (await machine.get("/users/me", headers=headers)).json() == user


@pytest.mark.any_database
async def test_a_password_is_the_same_in_composed_and_decomposed_letters(
    machine: httpx.AsyncClient,
) -> None:
    user = await create_user(machine, password="cr\u00e8me br\u00fbl\u00e9e")
    response = await log_in(machine, user["email"], "cre\u0300me bru\u0302le\u0301e")
    assert response.status_code == 200


async def test_a_password_is_compared_to_the_last_letter_and_in_its_case(
    machine: httpx.AsyncClient,
) -> None:
    user = await create_user(machine)
    for other in (PASSWORD[:-1], PASSWORD + " ", PASSWORD.upper(), " " + PASSWORD, "\0" + PASSWORD):
        assert (await log_in(machine, user["email"], other)).content == REFUSAL


@pytest.mark.any_database
async def test_every_failed_log_in_gets_the_same_response(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    known, inactive, imported = [await create_user(machine) for _ in range(3)]
    await set_user(still, inactive["id"], is_active=False)
    await set_user(still, imported["id"], password_hash=None)
    answers = [
        await log_in(machine, known["email"], WRONG),
        await log_in(machine, known["username"], WRONG),
        await log_in(machine, "nobody@example.com"),
        await log_in(machine, "nobody"),
        await log_in(machine, inactive["email"]),
        await log_in(machine, imported["email"]),
        await log_in(machine, imported["email"], "nobody's"),
    ]
    assert [(answer.status_code, answer.content) for answer in answers] == [(401, REFUSAL)] * 7
    # Only the number of requests that the address has left differs, by one per request.
    left = [int(answer.headers.pop("RateLimit-Remaining")) for answer in answers]
    assert left == list(range(left[0], left[0] - 7, -1))
    for answer in answers:
        answer.headers.pop("RateLimit-Reset")
        answer.headers.pop("X-Request-ID")
    (headers,) = {tuple(answer.headers.items()) for answer in answers}
    assert dict(headers)["www-authenticate"] == 'Bearer realm="lavka"'
    assert (await everything(still))["login_sessions"] == []


@pytest.mark.any_database
async def test_known_and_unknown_users_cost_the_same_work(
    machine: httpx.AsyncClient, still: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, imported = await create_user(machine), await create_user(machine)
    await set_user(still, imported["id"], password_hash=None)
    verified: list[str] = []
    verify = PasswordHasher.verify

    def noting(hasher: PasswordHasher, kept: str, password: str) -> Any:
        verified.append(password)
        return verify(hasher, kept, password)

    def hashing(_: PasswordHasher, password: str) -> str:
        raise AssertionError(f"{password} is hashed, too")

    monkeypatch.setattr(PasswordHasher, "verify", noting)
    monkeypatch.setattr(PasswordHasher, "hash", hashing)
    sent = []
    for name in (known["email"], known["username"], "other@example.com", imported["email"]):
        with statements_of(still) as statements:
            assert (await log_in(machine, name, WRONG)).content == REFUSAL
        sent.append([statement.sql.split("WHERE")[0] for statement in statements])
    assert verified == [WRONG] * 4
    begins = ["BEGIN IMMEDIATE"] if still.database.is_sqlite else []
    select, insert = (each for each in sent[0] if each not in begins)
    assert select.startswith("SELECT users.id, ")
    assert insert.startswith("INSERT INTO audit_events ")
    assert sent == [[*begins, select, *begins, insert]] * 4


@pytest.mark.any_database
async def test_the_form_of_swagger_ui_logs_in(machine: httpx.AsyncClient) -> None:
    user = await create_user(machine)
    form = {
        "grant_type": "password",
        "username": user["email"],
        "password": PASSWORD,
        "scope": "",
        "client_id": "",
        "client_secret": "",
    }
    basic = {"Authorization": f"Basic {base64.b64encode(b':').decode()}"}
    response = await machine.post("/auth/token", data=form, headers=basic)
    assert response.status_code == 200
    assert await status_of(machine, response.json()["access_token"]) == 200


@pytest.mark.any_database
async def test_json_is_not_a_form(machine: httpx.AsyncClient) -> None:
    user = await create_user(machine)
    body = {"username": user["email"], "password": PASSWORD}
    response = await machine.post("/auth/token", json=body)
    assert kind_of(response) == (415, "unsupported-media-type")
    assert response.json()["detail"] == (
        "Content-Type must be application/x-www-form-urlencoded, not application/json: "
        "send the fields as a form (name=value&name=value)"
    )


@pytest.mark.any_database
@pytest.mark.parametrize(
    "body", [b"username=%FF&password=x", b"username=\xff&password=x", b"&".join([b"a=1"] * 21)]
)
async def test_a_form_that_is_not_in_utf_8_is_refused(
    machine: httpx.AsyncClient, body: bytes
) -> None:
    response = await posted(machine, body)
    assert kind_of(response) == (400, "invalid-input")
    assert response.json()["detail"] == "the body is not a valid form in UTF-8"


@pytest.mark.any_database
async def test_responses_with_tokens_must_not_be_stored(machine: httpx.AsyncClient) -> None:
    user = await create_user(machine)
    first = await log_in(machine, user["email"], **{"Idempotency-Key": "one"})
    second = await log_in(machine, user["email"], **{"Idempotency-Key": "one"})
    renewed = await machine.post(
        "/auth/refresh", json={"refresh_token": second.json()["refresh_token"]}
    )
    for response in (first, second, renewed):
        assert response.status_code == 200
        assert response.headers.get_list("Cache-Control") == ["no-store"]
        assert "ETag" not in response.headers
        assert "Idempotency-Replayed" not in response.headers
    assert first.json()["refresh_token"] != second.json()["refresh_token"]


@pytest.mark.any_database
async def test_an_access_token_is_valid_for_a_quarter_of_an_hour(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person = await someone(machine)
    with later(still, timedelta(minutes=14, seconds=57)):
        assert await status_of(machine, person.access) == 200
    with later(still, timedelta(minutes=15)):
        response = await machine.get("/users/me", headers=person.headers)
    assert kind_of(response) == (401, "invalid-token")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="lavka", error="invalid_token"'


@pytest.mark.any_database
async def test_a_changed_role_takes_effect_at_the_next_request(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin, person = await someone(machine), await someone(machine)
    await set_user(still, admin.id, role=UserRole.ADMIN)
    seen = []
    for role in ("staff", "admin", "customer"):
        path = f"/users/{person.id}/access"
        changed = await machine.patch(path, json={"role": role}, headers=admin.headers)
        assert (changed.status_code, changed.json()["role"]) == (200, role)
        users = await machine.get("/users", headers=person.headers)
        trail = await machine.get("/audit", headers=person.headers)
        seen.append((users.status_code, trail.status_code))
    assert seen == [(200, 403), (200, 200), (403, 403)]


async def test_a_deactivated_user_is_logged_out_at_once_and_logs_in_again_after_reactivation(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin, person = await someone(machine), await someone(machine)
    await set_user(still, admin.id, role=UserRole.ADMIN)
    assert await status_of(machine, person.access) == 200
    path = f"/users/{person.id}/access"
    await machine.patch(path, json={"is_active": False}, headers=admin.headers)
    assert await status_of(machine, person.access) == 401
    assert (await log_in(machine, person.user["email"])).content == REFUSAL
    await machine.patch(path, json={"is_active": True}, headers=admin.headers)
    # The ended log-in stays ended.
    assert await status_of(machine, person.access) == 401
    pair = await pair_of(machine, person.user["email"])
    assert await status_of(machine, pair["access_token"]) == 200
