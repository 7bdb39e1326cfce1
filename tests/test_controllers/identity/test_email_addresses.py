"""E-mail addresses are verified and changed."""

from datetime import timedelta

import httpx
import pytest

from app.models import UserRole
from app.wiring.resources import Shop
from tests.support.accounts import (
    events_of,
    kind_of,
    later,
    mails_of,
    set_user,
    someone,
    someone_of,
    token_in,
    told,
)
from tests.support.factories import PASSWORD, create_user
from tests.support.refusals import places_of
from tests.support.tables import everything

pytestmark = pytest.mark.any_database

ASKED, TOLD = "Is this your address?", "Your e-mail address was changed"
NEW = "new@example.com"


async def verify(client: httpx.AsyncClient, token: str) -> httpx.Response:
    """Verify an address by a token."""
    return await client.post("/auth/email/verify", json={"token": token})


async def is_verified(client: httpx.AsyncClient, user_id: str) -> bool:
    """Return whether the address of a user is verified."""
    return bool((await client.get(f"/users/{user_id}")).json()["is_email_verified"])


async def test_a_new_user_gets_a_mail_and_verifies_the_address(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine)
    assert user["is_email_verified"] is False
    (mail,) = await mails_of(still)
    assert (mail.recipient, mail.subject) == (user["email"], ASKED)
    response = await verify(machine, token_in(mail))
    assert (response.status_code, response.content) == (204, b"")
    shown = (await machine.get(f"/users/{user['id']}")).json()
    assert (shown["is_email_verified"], shown["version"]) == (True, 2)
    # A repetition changes nothing, and is not refused: mail programs open links by themselves.
    before = await everything(still)
    assert (await verify(machine, token_in(mail))).status_code == 204
    assert await everything(still) == before
    assert [each.event for each in await events_of(still, user["id"])] == ["email.verified"]


async def test_a_user_requests_another_mail(machine: httpx.AsyncClient, still: Shop) -> None:
    person = await someone(machine)
    response = await machine.post("/auth/email/ask", headers=person.headers)
    assert response.status_code == 202
    assert await told(still) == [(person.user["email"], ASKED)] * 2
    assert (await verify(machine, token_in((await mails_of(still))[-1]))).status_code == 204
    assert await is_verified(machine, person.id)


async def test_a_verification_token_is_valid_for_a_week_and_for_its_address_only(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine)
    token = token_in((await mails_of(still))[-1])
    before = await everything(still)
    with later(still, timedelta(days=7)):
        assert kind_of(await verify(machine, token)) == (401, "invalid-token")
    assert await everything(still) == before
    assert (await machine.patch(f"/users/{user['id']}", json={"email": NEW})).status_code == 200
    assert kind_of(await verify(machine, token)) == (401, "invalid-token")
    assert not await is_verified(machine, user["id"])
    with later(still, timedelta(days=6, hours=23)):
        assert (await verify(machine, token_in((await mails_of(still))[-1]))).status_code == 204
    assert await is_verified(machine, user["id"])


async def test_tokens_of_other_kinds_do_not_verify_an_address(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person = await someone(machine)
    await machine.post("/auth/password/forgot", json={"email": person.user["email"]})
    for token in (person.access, person.refresh, token_in((await mails_of(still))[-1]), "x"):
        assert kind_of(await verify(machine, token)) == (401, "invalid-token")
    assert not await is_verified(machine, person.id)


@pytest.mark.parametrize(
    ("given", "status"),
    [({}, 400), ({"current_password": "x"}, 401), ({"current_password": PASSWORD}, 200)],
)
async def test_a_user_needs_the_password_to_change_the_address(
    machine: httpx.AsyncClient, still: Shop, given: dict[str, str], status: int
) -> None:
    person = await someone(machine)
    mails = len(await mails_of(still))
    body = {"email": NEW} | given
    response = await machine.patch(f"/users/{person.id}", json=body, headers=person.headers)
    assert response.status_code == status
    shown = (await machine.get(f"/users/{person.id}")).json()
    if status == 200:
        assert (shown["email"], shown["version"]) == (NEW, 2)
        # The old address is notified, and the new one gets a token.
        assert await told(still, mails) == [(person.user["email"], TOLD), (NEW, ASKED)]
        assert (await events_of(still, person.id))[-1].event == "email.changed"
        return
    assert shown == person.user
    assert await told(still, mails) == []
    if status == 400:
        assert places_of(response.json()) == {"#/current_password": "is required"}
    else:
        assert kind_of(response) == (401, "invalid-credentials")


async def test_other_fields_need_no_password(machine: httpx.AsyncClient) -> None:
    person = await someone(machine)
    response = await machine.patch(
        f"/users/{person.id}", json={"first_name": "Grace"}, headers=person.headers
    )
    assert (response.status_code, response.json()["first_name"]) == (200, "Grace")


async def test_staff_need_no_password_for_a_customers_address(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    staff, person = await someone_of(machine, still, UserRole.STAFF), await someone(machine)
    await set_user(still, person.id, email_verified_at=still.clock.now())
    mails = len(await mails_of(still))
    response = await machine.patch(
        f"/users/{person.id}", json={"email": NEW}, headers=staff.headers
    )
    assert response.status_code == 200
    # Only the old address was verified.
    assert (response.json()["email"], response.json()["is_email_verified"]) == (NEW, False)
    assert await told(still, mails) == [(person.user["email"], TOLD), (NEW, ASKED)]
    event = (await events_of(still, person.id))[-1]
    assert (event.event, event.actor) == ("email.changed", f"user {staff.id}")


async def test_staff_do_not_change_the_address_of_an_administrator(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    staff = await someone_of(machine, still, UserRole.STAFF)
    admin = await someone_of(machine, still, UserRole.ADMIN)
    before = await everything(still)
    for headers in (staff.headers, {}):
        response = await machine.patch(f"/users/{admin.id}", json={"email": NEW}, headers=headers)
        assert kind_of(response) == (403, "forbidden")
    assert await everything(still) == before


async def test_eszett_and_ss_in_a_domain_are_two_users(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    first = await someone(machine, email="x@fa\u00df.de")
    second = await someone(machine, email="x@fass.de")
    assert first.id != second.id
    for person in (first, second):
        spelling = person.user["email"].replace("x", "X").replace("de", "DE")
        found = await machine.get("/users", params={"email": spelling})
        assert [each["id"] for each in found.json()["items"]] == [person.id]
    again = {"email": "X@xn--fa-hia.DE"}
    response = await machine.patch(f"/users/{second.id}", json=again)
    assert kind_of(response) == (409, "email-taken")
    await machine.post("/auth/password/forgot", json={"email": "x@fass.de"})
    assert (await told(still))[-1][0] == "x@fass.de"


@pytest.mark.parametrize(
    ("before", "after"),
    [("x@fass.de", "x@fa\u00df.de"), ("fass@example.com", "fa\u00df@example.com")],
)
async def test_a_change_between_similar_addresses_is_notified_and_must_be_verified(
    machine: httpx.AsyncClient, still: Shop, before: str, after: str
) -> None:
    user = await create_user(machine, email=before)
    assert (await verify(machine, token_in((await mails_of(still))[-1]))).status_code == 204
    response = await machine.patch(f"/users/{user['id']}", json={"email": after})
    assert (response.json()["email"], response.json()["is_email_verified"]) == (after, False)
    assert await told(still, 1) == [(before, TOLD), (after, ASKED)]
    assert (await events_of(still, user["id"]))[-1].event == "email.changed"


async def test_another_spelling_of_an_address_stays_verified(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    user = await create_user(machine, email="ada@example.com")
    assert (await verify(machine, token_in((await mails_of(still))[-1]))).status_code == 204
    response = await machine.patch(f"/users/{user['id']}", json={"email": "Ada@Example.com"})
    assert (response.json()["email"], response.json()["is_email_verified"]) == (
        "Ada@Example.com",
        True,
    )
    assert len(await mails_of(still)) == 1
