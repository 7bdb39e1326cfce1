"""Guesses, password hashes and mails are counted for a name, a user or a mailbox."""

from pathlib import Path

from tests.support.accounts import at, bearer, log_in, mails_of, pair_of, someone, token_in
from tests.support.factories import PASSWORD, create_user
from tests.support.machines import AUTHORIZATION
from tests.support.refusals import USER
from tests.support.tables import everything
from tests.test_security.limited import WRONG, assert_told, limited, opened


async def test_each_entered_name_is_counted_separately(tmp_path: Path) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (_, client):
        user = await create_user(client, email="x@fa\u00df.de")
        for name in (user["id"], f"user {user['id']}", "x@fass.de", user["username"]):
            seen = [(await log_in(client, name, WRONG)).status_code for _ in range(7)]
            assert seen == [401] * 5 + [429] * 2, name
        spellings = ["x@fa\u00df.de", "X@FA\u00df.DE", "x@xn--fa-hia.de"] * 2
        seen = [(await log_in(client, name)).status_code for name in spellings]
        assert seen == [200] * 5 + [429]
        # The limit is the same for an unknown name.
        nobody = [(await log_in(client, "nobody")).status_code for _ in range(6)]
        assert nobody == [401] * 5 + [429]


async def test_guesses_at_the_current_password_and_mails_to_an_address_have_the_same_limit(
    tmp_path: Path,
) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (_, client):
        user = await create_user(client)
        pair = (await log_in(client, user["email"])).json()
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        guess = {"current_password": WRONG, "new_password": PASSWORD + "!"}
        answers = [
            await client.post("/auth/password", json=guess, headers=headers) for _ in range(7)
        ]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
        assert_told(answers[-1], 5)
        # A change of the e-mail address requires the same password.
        change = {"email": "new@example.com", "current_password": PASSWORD}
        path = f"/users/{user['id']}"
        assert (await client.patch(path, json=change, headers=headers)).status_code == 429
        for email in (user["email"], "nobody@example.com"):
            sent = [
                await client.post("/auth/password/forgot", json={"email": email}) for _ in range(6)
            ]
            assert [answer.status_code for answer in sent] == [202] * 5 + [429]


async def test_every_request_of_a_mail_with_a_token_counts_for_its_recipient(
    tmp_path: Path,
) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (app, client):
        users = [await create_user(client) for _ in range(3)]
        person = await someone(client, email="victim@example.com")
        away = {"email": "away@example.com"}
        assert (await client.patch(f"/users/{person.id}", json=away)).status_code == 200
        for user in users:
            for email in ("Victim@example.com", f"{user['username']}@example.com"):
                changed = await client.patch(f"/users/{user['id']}", json={"email": email})
                assert changed.status_code == 200
        back = {"email": "victim@example.com"}
        assert (await client.patch(f"/users/{person.id}", json=back)).status_code == 200
        before = await everything(app.state.shop)
        answers = [
            await client.post("/auth/email/ask", headers=person.headers),
            await client.post("/auth/email/ask", headers=person.headers),
            await client.post("/auth/password/forgot", json={"email": "VICTIM@example.com"}),
            await client.patch(f"/users/{person.id}", json=away),
        ]
        assert [answer.status_code for answer in answers] == [202, 429, 429, 200]
        assert_told(answers[1], 5)
        refused = await client.patch(f"/users/{person.id}", json=back)
        assert refused.status_code == 429
        assert_told(refused, 5)
        # The mail that was asked for; that of the change, with that to the address before.
        mails = (await everything(app.state.shop))["outgoing_mails"]
        assert len(mails) == len(before["outgoing_mails"]) + 3


async def test_requests_of_guests_have_the_same_limit_for_known_and_unknown_addresses(
    tmp_path: Path,
) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (app, client):
        assert (await client.post("/carts", json={"email": "ada@example.com"})).status_code == 201
        for email in ("ada@example.com", "nobody@example.com"):
            spellings = [email, email.upper()] * 3
            answers = [
                await client.post("/guest-data/requests", json={"email": each})
                for each in spellings
            ]
            assert [answer.status_code for answer in answers] == [202] * 5 + [429]
            assert_told(answers[-1], 5)
        assert len(await mails_of(app.state.shop)) == 10
        # A mail to reset a password has a token, too.
        forgotten = await client.post("/auth/password/forgot", json={"email": "ada@example.com"})
        assert forgotten.status_code == 429


async def test_guesses_of_tokens_of_guests_are_limited_to_twenty_a_minute(tmp_path: Path) -> None:
    async with opened(limited(tmp_path)) as (app, _):
        async with at(app, "192.0.2.1") as guesser:
            seen = []
            for number in range(11):
                for path in ("export", "erasure"):
                    body = {"token": f"guess-{number}"}
                    answer = await guesser.post(f"/guest-data/{path}", json=body)
                    seen.append(answer.status_code)
            assert seen == [401] * 20 + [429] * 2
            asked = {"email": "ada@example.com"}
            assert (await guesser.post("/guest-data/requests", json=asked)).status_code == 429


async def test_registrations_with_one_email_address_are_limited_to_five_hashes_a_minute(
    tmp_path: Path,
) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (app, client):
        await client.post("/users", json=USER)
        before = await everything(app.state.shop)
        again = [await client.post("/users", json=USER | {"username": f"ada{n}"}) for n in range(6)]
        assert [answer.status_code for answer in again] == [409] * 4 + [429] * 2
        assert_told(again[-1], 5)
        assert await everything(app.state.shop) == before


async def test_only_changes_of_the_email_address_count_for_the_network_address(
    tmp_path: Path,
) -> None:
    async with opened(limited(tmp_path)) as (app, machine):
        user, guessed = await create_user(machine), await create_user(machine)
        pair = await pair_of(machine, guessed["username"])
        async with (
            at(app, "192.0.2.1", **AUTHORIZATION) as changer,
            at(app, "192.0.2.1", **bearer(pair["access_token"])) as guesser,
        ):
            path = f"/users/{user['id']}"
            for number in range(25):
                renamed = await changer.patch(path, json={"first_name": f"Ada {number}"})
                assert renamed.status_code == 200
            for number in range(18):
                moved = await changer.patch(path, json={"email": f"a{number}@example.com"})
                assert moved.status_code == 200
            guess = {"email": "b@example.com", "current_password": WRONG}
            guesses = [await guesser.patch(f"/users/{guessed['id']}", json=guess) for _ in range(3)]
            assert [answer.status_code for answer in guesses] == [401, 401, 429]
            assert_told(guesses[-1], 20)
            assert (await changer.patch(path, json={"email": "a@example.com"})).status_code == 429
            # An unchanged address gets no mail.
            same = {"email": "A17@example.com", "last_name": "King"}
            assert (await changer.patch(path, json=same)).status_code == 200


async def test_resets_of_one_user_are_limited_to_five_a_minute(tmp_path: Path) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (app, client):
        user = await create_user(client)
        await client.post("/auth/password/forgot", json={"email": user["email"]})
        token = token_in((await mails_of(app.state.shop))[-1])
        body = {"token": token, "new_password": PASSWORD + "!"}
        answers = [await client.post("/auth/password/reset", json=body) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [204] + [401] * 4 + [429]
