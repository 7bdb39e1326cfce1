"""A mail is sent to exactly the address that was checked, or is not sent."""

from pathlib import Path

import pytest

from tests.conftest import sqlite_settings
from tests.support.accounts import mails_of
from tests.support.factories import PASSWORD, create_user
from tests.support.servers.smtp_server import receiving
from tests.test_jobs.mailing import deliver, mailing, to, write

EVIL = [
    "ada@example.com\r\nBcc: eve@example.com",
    "ada@example.com\nBcc: eve@example.com",
    "ada@example.com\u2028Bcc:eve@example.com",
    "eve,ada@example.com",
    "eve;ada@example.com",
    "Eve<eve@evil.example>",
    "(eve)ada@example.com",
    '"ada"@example.com',
    '[":@example.com',
    "ada:eve@example.com",
    "ada@example..com",
]
# Mail programs decode this address (RFC 2047).
ENCODED = "=?utf-8?q?victim?=@example.com"


@pytest.mark.parametrize(
    "recipient", [ENCODED, f"=?utf-8?q?victim?={'e' * 40}@{'long' * 15}.example", "x@fa\u00df.de"]
)
async def test_a_mail_goes_to_exactly_the_stored_address(tmp_path: Path, recipient: str) -> None:
    with receiving(tmp_path / "mails") as server:
        async with mailing(sqlite_settings(tmp_path / "var"), **to(server.port)) as (shop, client):
            user = await create_user(client)
            await write(shop, user, recipient)
            while await deliver(shop):
                pass
        (mail,) = (each for each in server.received() if "Subject: Mail 0" in each.text)
    assert mail.recipients == [recipient]
    assert [line for line in mail.text.splitlines() if line.startswith("To")] == [
        f"To: {recipient}"
    ]


async def test_a_server_without_unicode_gets_the_ascii_form_of_a_domain(tmp_path: Path) -> None:
    with receiving(tmp_path / "mails", "--ascii") as server:
        async with mailing(sqlite_settings(tmp_path / "var"), **to(server.port)) as (shop, client):
            await create_user(client, email="x@fa\u00df.de")
            assert await deliver(shop)
            assert await mails_of(shop) == []
            # The local part of an address has no ASCII form.
            await create_user(client, email="\u00e9milie@example.com")
            assert await deliver(shop)
            assert len(await mails_of(shop)) == 1
        (mail,) = server.received()
    assert mail.recipients == ["x@xn--fa-hia.de"]
    assert mail.message["To"] == "x@xn--fa-hia.de"


async def test_an_address_that_would_misdirect_a_mail_is_refused(tmp_path: Path) -> None:
    user = {"username": "ada", "first_name": "A", "last_name": "B", "password": PASSWORD}
    async with mailing(sqlite_settings(tmp_path)) as (shop, client):
        for email in (*EVIL, ENCODED):
            response = await client.post("/users", json=user | {"email": email})
            assert response.status_code == 400, email
            assert response.json()["errors"] == [
                {"pointer": "#/email", "detail": "must be an e-mail address"}
            ], email
            assert await mails_of(shop) == [], email


async def test_an_invalid_address_does_not_delay_other_mails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(tmp_path / "mails") as server:
        async with mailing(sqlite_settings(tmp_path / "var"), **to(server.port)) as (shop, client):
            user = await create_user(client, email="good@example.com")
            await write(shop, user, *EVIL, "last@example.com")
            while await deliver(shop):
                pass
            left = await mails_of(shop)
        received = server.received()
    recipients = {recipient for mail in received for recipient in mail.recipients}
    assert {"good@example.com", "last@example.com"} <= recipients
    # A mail to one address is received by one recipient.
    assert [len(mail.recipients) for mail in received] == [1] * len(received)
    assert all("Bcc" not in mail.message for mail in received)
    assert [mail.attempts for mail in left] == [1] * len(left)
    assert len(left) + len(received) == len(EVIL) + 2
    assert "example" not in caplog.text


async def test_a_printed_mail_names_its_recipient_as_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with mailing(sqlite_settings(tmp_path / "var")) as (shop, client):
        await write(shop, await create_user(client), ENCODED)
        assert await deliver(shop)
    assert f"\nMail to {ENCODED}: Mail 0\n" in capsys.readouterr().out
