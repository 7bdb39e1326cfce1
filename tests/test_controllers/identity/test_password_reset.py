"""Passwords are reset with the token from an e-mail."""

from datetime import timedelta

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.accounts import (
    bearer,
    events_of,
    kind_of,
    later,
    log_in,
    mails_of,
    pair_of,
    renew,
    set_user,
    someone,
    status_of,
    token_in,
    told,
)
from tests.support.factories import PASSWORD, create_user
from tests.support.refusals import places_of
from tests.support.tables import everything

NEW = "wrong horse battery staple"
SUBJECT = "Choose a new password"


async def forgot(client: httpx.AsyncClient, email: str) -> httpx.Response:
    """Request a reset of the password of an address."""
    return await client.post("/auth/password/forgot", json={"email": email})


async def reset(client: httpx.AsyncClient, token: str, new: str = NEW) -> httpx.Response:
    """Set a new password by a token."""
    body = {"token": token, "new_password": new}
    return await client.post("/auth/password/reset", json=body)


async def token_for(client: httpx.AsyncClient, shop: Shop, email: str) -> str:
    """Request a reset, and return the token from the mail."""
    assert (await forgot(client, email)).status_code == 202
    mail = (await mails_of(shop))[-1]
    assert (mail.recipient, mail.subject) == (email, SUBJECT)
    return token_in(mail)


@pytest.mark.any_database
async def test_a_forgotten_password_is_replaced_with_a_token_from_a_mail(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person, bystander = await someone(machine), await someone(machine)
    mails = len(await mails_of(still))
    assert (await forgot(machine, person.user["email"].upper())).status_code == 202
    # The mail goes to the address as the user spelled it, not as the request spells it.
    assert await told(still, mails) == [(person.user["email"], SUBJECT)]
    token = token_in((await mails_of(still))[-1])
    answer = await reset(machine, token)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await told(still, mails))[1:] == [(person.user["email"], "Your password was changed")]
    assert await status_of(machine, person.access) == 401
    assert (await renew(machine, person.refresh)).status_code == 401
    assert await status_of(machine, bystander.access) == 200
    assert (await log_in(machine, person.user["email"])).status_code == 401
    pair = await pair_of(machine, person.user["email"], NEW)
    own = (await machine.get("/users/me", headers=bearer(pair["access_token"]))).json()
    # The mail also proves that the user can read mails to the address.
    assert (own["is_email_verified"], own["version"]) == (True, 2)
    events = [each.event for each in await events_of(still, person.id)]
    assert events == [
        "login.succeeded",
        "password.forgotten",
        "password.reset",
        "login.failed",
        "login.succeeded",
    ]


@pytest.mark.any_database
async def test_an_unknown_address_gets_the_same_response_and_no_mail(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    known, inactive = await create_user(machine), await create_user(machine)
    await set_user(still, inactive["id"], is_active=False)
    mails = len(await mails_of(still))
    answers = [
        await forgot(machine, email)
        for email in (known["email"], "nobody@example.com", inactive["email"])
    ]
    assert [each.status_code for each in answers] == [202] * 3
    assert len({each.content for each in answers}) == 1
    changing = {"ratelimit-remaining", "ratelimit-reset", "x-request-id"}
    (_,) = {
        tuple((name, value) for name, value in each.headers.items() if name not in changing)
        for each in answers
    }
    assert await told(still, mails) == [(known["email"], SUBJECT)]


@pytest.mark.any_database
async def test_a_user_imported_without_a_password_sets_one_with_a_mailed_token(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine)
    await set_user(still, user["id"], password_hash=None)
    token = await token_for(machine, still, user["email"])
    assert (await reset(machine, token)).status_code == 204
    assert (await log_in(machine, user["email"], NEW)).status_code == 200
    assert kind_of(await reset(machine, token)) == (401, "invalid-token")


async def test_a_mail_is_written_only_if_its_transaction_is_committed(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine)
    before = await everything(still)
    # The address is in use: the mail of the failed transaction is not stored.
    taken = {"username": "other", "first_name": "A", "last_name": "B", "password": PASSWORD}
    response = await machine.post("/users", json=taken | {"email": user["email"]})
    assert kind_of(response) == (409, "email-taken")
    assert await everything(still) == before
    # The mail is stored before the response, and not yet sent.
    other = await machine.post("/users", json=taken | {"email": "other@example.com"})
    assert other.status_code == 201
    (mail,) = (await mails_of(still))[1:]
    assert (mail.recipient, mail.attempts) == ("other@example.com", 0)
    assert str(mail.user_id) == other.json()["id"]


@pytest.mark.parametrize("ending", ["used", "another reset", "changed", "moved", "an hour", "gone"])
async def test_a_reset_token_is_valid_once_for_an_hour_and_while_the_account_is_unchanged(
    machine: httpx.AsyncClient, still: Shop, ending: str
) -> None:
    person = await someone(machine)
    token = await token_for(machine, still, person.user["email"])
    passed = timedelta()
    if ending == "used":
        assert (await reset(machine, token)).status_code == 204
    elif ending == "another reset":
        other = await token_for(machine, still, person.user["email"])
        assert other != token
        assert (await reset(machine, other)).status_code == 204
    elif ending == "changed":
        body = {"current_password": PASSWORD, "new_password": NEW}
        changed = await machine.post("/auth/password", json=body, headers=person.headers)
        assert changed.status_code == 204
    elif ending == "moved":
        body = {"email": "moved@example.com"}
        assert (await machine.patch(f"/users/{person.id}", json=body)).status_code == 200
    elif ending == "an hour":
        passed = timedelta(hours=1)
    else:
        assert (await machine.delete(f"/users/{person.id}")).status_code == 204
    before = await everything(still)
    with later(still, passed):
        response = await reset(machine, token, "third horse battery staple")
    assert kind_of(response) == (401, "invalid-token")
    assert await everything(still) == before


@pytest.mark.any_database
async def test_a_reset_token_is_valid_for_most_of_its_hour(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine)
    token = await token_for(machine, still, user["email"])
    with later(still, timedelta(minutes=59, seconds=58)):
        assert (await reset(machine, token)).status_code == 204


@pytest.mark.any_database
async def test_each_of_several_reset_tokens_is_valid_until_one_is_used(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine)
    first = await token_for(machine, still, user["email"])
    second = await token_for(machine, still, user["email"])
    assert (await reset(machine, first)).status_code == 204
    assert kind_of(await reset(machine, second)) == (401, "invalid-token")


@pytest.mark.any_database
async def test_a_refused_password_leaves_the_reset_token_valid(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine)
    token = await token_for(machine, still, user["email"])
    before = await everything(still)
    refused = await reset(machine, token, "password123")
    assert places_of(refused.json()) == {"#/new_password": "is too common"}
    assert await everything(still) == before
    assert (await reset(machine, token)).status_code == 204


@pytest.mark.any_database
async def test_a_reset_token_is_valid_only_for_a_reset(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person = await someone(machine)
    verify = token_in((await mails_of(still))[-1])
    token = await token_for(machine, still, person.user["email"])
    before = await everything(still)
    for other in (verify, person.access, person.refresh, token[:-2], "x"):
        assert kind_of(await reset(machine, other)) == (401, "invalid-token")
    assert await status_of(machine, token) == 401
    assert kind_of(await renew(machine, token)) == (401, "invalid-token")
    verified = await machine.post("/auth/email/verify", json={"token": token})
    assert kind_of(verified) == (401, "invalid-token")
    assert await everything(still) == before


@pytest.mark.any_database
async def test_a_mailed_token_does_not_reveal_its_binding(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine)
    await token_for(machine, still, user["email"])
    mail = (await mails_of(still))[-1]
    assert mail.body.startswith(
        "Somebody, probably you, has asked for a new password at our shop.\n\n"
        "The token for POST /api/v1/auth/password/reset:\neyJ"
    )
    assert mail.body.endswith(
        "\n\nThis works once, within an hour. If it was not you, do nothing: "
        "your password stays.\n"
    )
    assert user["username"] not in mail.body and "argon2" not in mail.body
