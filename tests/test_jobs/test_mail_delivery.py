"""Mails are sent over SMTP or printed, once, and are sent again after a failure."""

import asyncio
import logging
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.models import OutgoingMail
from app.settings import Settings
from app.wiring.areas.system import provide_mails
from tests.conftest import DATABASES, postgres_settings, sqlite_settings
from tests.support.accounts import later, mails_of
from tests.support.factories import PASSWORD, create_user
from tests.support.processes import WAIT_SECONDS, free_port, serving
from tests.support.servers import PostgresServer
from tests.support.servers.smtp_server import SECRET, USER, SmtpServer, receiving
from tests.test_jobs.mailing import deliver, mailing, to, write


@pytest.fixture(name="own", params=DATABASES)
def own_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a separate shop for one test, on each database in turn."""
    if request.param == "sqlite":
        yield sqlite_settings(tmp_path / "var")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("mailing")
    yield postgres_settings(server, "mailing", data_dir=tmp_path / "var")
    server.drop_database("mailing")


@pytest.fixture(name="served")
def served_settings(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a separate shop on PostgreSQL, for several processes."""
    postgres_server.create_database("mailing")
    yield postgres_settings(postgres_server, "mailing", data_dir=tmp_path / "var")
    postgres_server.drop_database("mailing")


@pytest.mark.parametrize("email", ["ada@example.com", "\u00c9milie@b\u00fccher.example"])
async def test_a_mail_arrives_once_as_it_was_written(
    own: Settings, tmp_path: Path, email: str
) -> None:
    with receiving(tmp_path / "mails") as server:
        async with mailing(own, **to(server.port)) as (shop, client):
            await create_user(client, email=email)
            (kept,) = await mails_of(shop)
            assert await deliver(shop)
            assert not await deliver(shop)
            assert await mails_of(shop) == []
        (mail,) = server.received()
    assert (mail.sender, mail.recipients) == ("shop@example.com", [email])
    headers = dict(mail.message.items())
    assert headers.pop("Date") == kept.created_at.strftime("%a, %d %b %Y %H:%M:%S +0000")
    assert headers == {
        "From": "shop@example.com",
        "To": email,
        "Subject": "Is this your address?",
        "Message-ID": f"<{kept.id}@example.com>",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
    }
    assert mail.message.get_content().replace("\r\n", "\n") == kept.body
    assert not mail.is_authenticated and not mail.is_encrypted


async def test_mails_link_to_the_configured_storefront(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    async with mailing(settings, storefront_url="https://shop.example/account/") as (shop, client):
        user = await create_user(client)
        await client.post("/auth/password/forgot", json={"email": user["email"]})
        first, second = await mails_of(shop)
    assert "\nhttps://shop.example/account/verify-email#token=eyJ" in first.body
    assert "\nhttps://shop.example/account/reset-password#token=eyJ" in second.body


@pytest.mark.parametrize(("password", "arrived"), [(SECRET, 1), ("wrong", 0)])
async def test_the_shop_logs_in_to_a_mail_server_that_requires_it(
    tmp_path: Path, password: str, arrived: int
) -> None:
    settings = sqlite_settings(tmp_path / "var", smtp_user=USER, smtp_password=password)
    with receiving(tmp_path / "mails", "--auth") as server:
        async with mailing(settings, **to(server.port)) as (shop, client):
            await create_user(client)
            await deliver(shop)
            assert len(await mails_of(shop)) == 1 - arrived
        assert [mail.is_authenticated for mail in server.received()] == [True] * arrived


@pytest.mark.parametrize(("is_known", "arrived"), [(True, 1), (False, 0)])
async def test_mails_are_sent_encrypted_and_only_to_a_server_with_a_trusted_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool, arrived: int
) -> None:
    certificate = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        + ["-keyout", certificate, "-out", tmp_path / "certificate.pem"],
        check=True,
        capture_output=True,
    )
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with certificate.open("a", encoding="ascii") as file:
        file.write((tmp_path / "certificate.pem").read_text("ascii"))
    settings = sqlite_settings(tmp_path / "var")
    with receiving(tmp_path / "mails", "--certificate", str(certificate)) as server:
        security = to(server.port, smtp_security="starttls")
        async with mailing(settings, **security) as (shop, client):
            await create_user(client)
            await deliver(shop)
            assert len(await mails_of(shop)) == 1 - arrived
        assert [mail.is_encrypted for mail in server.received()] == [True] * arrived


async def test_a_server_without_the_configured_encryption_gets_no_mail(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    with receiving(tmp_path / "mails") as server:
        security = to(server.port, smtp_security="starttls")
        async with mailing(settings, **security) as (shop, client):
            await create_user(client)
            await deliver(shop)
            assert len(await mails_of(shop)) == 1
        assert server.received() == []


@pytest.mark.parametrize("fault", ["refuses", "is down"])
async def test_a_mail_is_retried_with_growing_delays_and_given_up_after_ten_attempts(
    own: Settings, tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(tmp_path / "mails", "--refuse") as server:
        port = server.port if fault == "refuses" else free_port()
        async with mailing(own, **to(port)) as (shop, client):
            await create_user(client, email="ada@example.com")
            delays = []
            for attempt in range(1, 11):
                assert await deliver(shop)
                assert not await deliver(shop)
                left = await mails_of(shop)
                assert [mail.attempts for mail in left] == ([attempt] if attempt < 10 else [])
                for mail in left:
                    delays.append(round((mail.due_at - shop.clock.now()).total_seconds()))
                    shop.clock.move(mail.due_at - shop.clock.now())
        assert server.received() == []
    assert delays == [10, 20, 40, 80, 160, 320, 640, 1280, 2560]
    levels = [
        record.levelname for record in caplog.records if record.name == "app.jobs.mail_delivery"
    ]
    assert levels == ["WARNING"] * 10 + ["ERROR"]
    assert "ada@example.com" not in caplog.text and "busy" not in caplog.text


@pytest.mark.any_database
async def test_a_mail_that_failed_arrives_when_the_server_is_back(
    own: Settings, tmp_path: Path
) -> None:
    port = free_port()
    async with mailing(own, **to(port)) as (shop, client):
        await create_user(client)
        assert await deliver(shop)
        with receiving(tmp_path / "mails", port=port) as server:
            assert not await deliver(shop)
            with later(shop, timedelta(seconds=10)):
                assert await deliver(shop)
                assert not await deliver(shop)
            assert await mails_of(shop) == []
            assert len(server.received()) == 1


async def test_a_name_with_a_line_break_is_refused(tmp_path: Path) -> None:
    user = {"email": "ada@example.com", "username": "ada", "first_name": "A", "last_name": "B"}
    async with mailing(sqlite_settings(tmp_path)) as (_, client):
        for field in ("first_name", "last_name", "username"):
            evil = user | {"password": PASSWORD, field: "Ada\r\nBcc: eve@example.com"}
            response = await client.post("/users", json=evil)
            assert [each["pointer"] for each in response.json()["errors"]] == [f"#/{field}"]


@pytest.mark.any_database
async def test_without_a_server_mails_are_printed(
    own: Settings, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with mailing(own) as (shop, client):
        await create_user(client, email="ada@example.com")
        (mail,) = await mails_of(shop)
        with caplog.at_level(logging.DEBUG):
            assert await deliver(shop)
        assert await mails_of(shop) == []
    line = "\u2500" * 72
    assert capsys.readouterr().out == (
        f"{line}\nMail to ada@example.com: Is this your address?\n\n{mail.body}{line}\n"
    )
    assert "ada@example.com" not in caplog.text


def name_server(folder: Path, server: SmtpServer) -> None:
    """Configure the mail server of the processes that are started in a folder."""
    lines = (f"{name.upper()}={value}" for name, value in to(server.port).items())
    (folder / ".env").write_text("\n".join(lines), "utf-8")


async def test_a_mail_whose_sender_is_killed_is_sent_when_its_lease_is_over(
    served: Settings, tmp_path: Path
) -> None:
    async with mailing(served) as (shop, client):
        await create_user(client, email="ada@example.com")
        with receiving(tmp_path / "silent", "--silent") as silent:
            name_server(tmp_path, silent)
            with serving(served, tmp_path) as process:
                await _until(silent.is_spoken_to)
                process.process.kill()
                process.process.wait()
        (mail,) = await mails_of(shop)
        assert mail.attempts == 1
    with receiving(tmp_path / "mails") as server:
        async with mailing(served, **to(server.port)) as (shop, _):
            with later(shop, timedelta(seconds=90)):
                assert not await deliver(shop)
            with later(shop, timedelta(minutes=2)):
                assert await deliver(shop)
                assert not await deliver(shop)
            assert await mails_of(shop) == []
        assert [each.recipients for each in server.received()] == [["ada@example.com"]]


async def test_each_mail_is_taken_by_one_process_only(served: Settings) -> None:
    async with mailing(served) as (shop, client):
        user = await create_user(client)
        await write(shop, user, *(f"user{number}@example.com" for number in range(8)))
        async with shop.database.write() as first, shop.database.write() as second:
            taken = [await provide_mails(each, shop).take_due() for each in (first, second)]
        ids = [[mail.id for mail in mails] for mails in taken]
    assert [len(each) for each in ids] == [5, 4]
    assert len({*ids[0], *ids[1]}) == 9


async def test_two_processes_send_each_of_forty_mails_once(
    served: Settings, tmp_path: Path
) -> None:
    addresses = [f"user{number}@example.com" for number in range(40)]
    with receiving(tmp_path / "mails") as server:
        name_server(tmp_path, server)
        async with mailing(served) as (shop, client):
            user = await create_user(client)
            async with shop.database.write() as session:
                await session.execute(
                    update(OutgoingMail).values(due_at=shop.clock.now() + timedelta(days=1))
                )
            with serving(served, tmp_path), serving(served, tmp_path):
                await write(shop, user, *addresses)

                deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
                while len(await mails_of(shop)) > 1:
                    assert asyncio.get_running_loop().time() < deadline
                    await asyncio.sleep(0.1)
        received = Counter(mail.recipients[0] for mail in server.received())
    assert received == Counter(addresses)


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while not is_so():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)
