"""No log line contains a secret or personal data."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar
from pydantic import SecretStr
from sqlalchemy import text

from app.jobs.mail_delivery import deliver_due, sender_of
from app.models import Base
from app.schemas.identity.auth_schema import TokenRequest
from app.services.identity.auth_service import AuthService
from app.settings import Settings
from app.web.route_options import has_options
from app.wiring.resources import Shop
from main import create_app
from tests.conftest import DATABASES, postgres_settings, running, sqlite_settings
from tests.support.applications import transport_to
from tests.support.factories import PASSWORD
from tests.support.processes import WAIT_SECONDS, free_port
from tests.support.servers import PostgresServer
from tests.test_security.people import client_with
from tests.test_security.rights.matrix import MATRIX
from tests.test_security.rights.paths import Row, routes_of
from tests.test_security.rights.world import World, world_of
from tests.test_web.test_crash import shop_process

# Values for the fields of bodies, by the names of the fields; each can be found in the log.
SENT = {
    "email": "marked.mail@example.com",
    "username": "marked-user",
    "first_name": "Markedfirst",
    "last_name": "Markedlast",
    "password": "marked password in a body",
    "new_password": "marked password to be",
    "recipient": "Marked Recipient",
    "company": "Marked Company",
    "street": "Marked Street 12",
    "line2": "Marked Floor",
    "phone": "+44 marked 77",
    "city": "Markedcity",
    "region": "Markedregion",
    "postal_code": "MRK 0123",
}
SETTINGS = {
    "smtp_user": "marked-smtp-user",
    "smtp_password": "marked-smtp-password",
    "secret_key": "marked-secret-key-0123456789-abcdefghij",
    "previous_secret_key": "marked-previous-key-0123456789-abcdefg",
    "admin_password": "marked-password-of-the-first",
}
# PostgreSQL and SQLite report these faults in different ways.
FAULTS_OF_DATABASE = ("row refused", "column gone")
READING = ("GET", "HEAD")
GONE = {"users": "username", "orders": "units", "products": "category", "addresses": "city"}


@pytest_asyncio.fixture(name="world", params=DATABASES, scope="module", loop_scope="session")
async def world_of_its_own(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Litestar, World]]:
    """A separate shop, whose tables a test may break, on each database in turn."""
    given = {name: SecretStr(value) for name, value in SETTINGS.items() if name != "smtp_user"}
    if request.param == "sqlite":
        settings = sqlite_settings(tmp_path_factory.mktemp("logs"), **given)
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.create_database("logs")
        settings = postgres_settings(server, "logs", **given)
    async with running(create_app(Shop(settings))) as app:
        yield app, await world_of(app.state.shop)


@pytest.fixture(name="logged")
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The log of the shop at every level, and of the libraries from INFO on."""
    # The HTTP client of the tests logs the URLs of its requests.
    caplog.set_level(logging.WARNING, "httpx")
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, "app")
    # The logger of the framework does not pass its lines on to the root logger.
    framework = logging.getLogger("litestar")
    framework.addHandler(caplog.handler)
    yield caplog
    framework.removeHandler(caplog.handler)


def secrets_of(world: World) -> dict[str, str]:
    """Return the values that must not be logged, by name; for a token, its signature."""
    tokens = {
        f"{name} token": token.rpartition(".")[2] for name, token in world.tokens.items() if token
    }
    tokens = {name: token for name, token in tokens.items() if token}
    mailed = {
        name: world.values[name].rpartition(".")[2]
        for name in ("reset_token", "verify_token", "guest_token")
    }
    people = {f"{name}'s e-mail": each.email for name, each in world.people.items()}
    hashes = {f"{name}'s hash": each.user["password_hash"] for name, each in world.people.items()}
    return SENT | SETTINGS | tokens | mailed | people | hashes | {"password so far": PASSWORD}


def leaks(logged: str, secrets: Mapping[str, str]) -> set[str]:
    """Return the names of the secrets that were logged."""
    return {name for name, secret in secrets.items() if secret in logged}


def marked(body: Any) -> Any:
    """Return a body with the values of `SENT` in all fields of these names."""
    if isinstance(body, dict):
        return {
            name: SENT[name] if name in SENT and not str(value).startswith("{") else marked(value)
            for name, value in body.items()
        }
    return [marked(each) for each in body] if isinstance(body, list) else body


def taken_of(row: Row, secrets: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield requests that reach a handler, with the secrets where it may read them."""
    names = {f"x-{number}": value for number, value in enumerate(secrets.values())}
    everywhere = {"Cookie": "; ".join(secrets.values()), "Referer": secrets["password"]} | names
    good = {name: marked(value) for name, value in row.request.items()}
    yield good | {"headers": {"Idempotency-Key": secrets["admin token"]}}
    yield good | {"params": secrets, "headers": everywhere}
    if row.method not in ("POST", "PATCH"):
        yield {"headers": {"If-None-Match": secrets["email"], "If-Match": secrets["email"]}}


def refused_of(row: Row, secrets: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield requests with the secrets, which are refused before a handler with a body runs."""
    if row.method not in ("POST", "PATCH"):
        yield {"headers": {"Authorization": f"Bearer {secrets['password']}"}}
        return
    upside_down = {value: name for name, value in secrets.items()}
    yield {"json": upside_down | dict(secrets)}
    yield {"data": upside_down | dict(secrets)}
    cut = json.dumps(row.request.get("json", {}) | dict(secrets)).encode()[:-1]
    yield {"content": cut, "headers": {"Content-Type": "application/json"}}
    yield {"json": list(secrets.values())}


def may_end_log_ins(row: Row) -> bool:
    """Return whether a row may end log-ins, so that it is sent last if nothing is restored."""
    return row.method == "DELETE" or "/auth/" in row.path


async def send_all(
    world: World,
    client: httpx.AsyncClient,
    restore: Callable[[], Awaitable[None]] | None,
    rows: Iterable[Row] = MATRIX,
) -> list[int]:
    """Send every request to every route, the first one as several callers; return the statuses.

    Without `restore` the shop is broken. Callers and requests that are refused are then left out,
    because they do not reach the broken part.
    """
    secrets, statuses = secrets_of(world), []
    for row in rows if restore else sorted(rows, key=may_end_log_ins):
        callers = [
            each for each in ("owner", "admin") if restore is not None or row.expected[each] < 400
        ]
        if not callers:
            continue
        requests = [*taken_of(row, secrets), *(refused_of(row, secrets) if restore else ())]
        answers = [
            (await world.send(client, caller, row.method, row.path, **request)).status_code
            for number, request in enumerate(requests)
            # All callers send the valid request. Only the administrator, whom the fewest routes
            # refuse, sends the others.
            for caller in (callers if number == 0 else callers[-1:])
        ]
        statuses += answers
        if restore is not None and row.method not in READING and min(answers) < 400:
            await restore()
    return statuses


@asynccontextmanager
async def broken(app: Litestar, shop: Shop, mode: str) -> AsyncIterator[None]:
    """Make the handlers of the shop fail in the way that the mode names; `sound` is no fault."""
    breaking, mending = _statements(shop, mode)
    await _run(shop, breaking)
    with pytest.MonkeyPatch.context() as patch:
        if mode == "fault in the handler":
            for handler in routes_of(app).values():
                if has_options(handler):
                    patch.setattr(handler, "_fn", _failing(handler.fn))
        try:
            yield
        finally:
            await _run(shop, mending)


def _statements(shop: Shop, mode: str) -> tuple[list[str], list[str]]:
    """Return the statements that break the tables, and those that repair them."""
    tables, breaking, mending = [each.name for each in Base.metadata.sorted_tables], [], []
    if mode == "column gone":
        breaking = [f"ALTER TABLE {table} RENAME {name} TO gone" for table, name in GONE.items()]
        mending = [f"ALTER TABLE {table} RENAME gone TO {name}" for table, name in GONE.items()]
    elif mode == "row refused" and shop.database.is_sqlite:
        refuse = "BEGIN SELECT RAISE(ABORT, 'planted'); END"
        for name, when in product(tables, ("INSERT", "UPDATE")):
            trigger = f"planted_{when}_{name}"
            breaking.append(f"CREATE TRIGGER {trigger} BEFORE {when} ON {name} {refuse}")
            mending.append(f"DROP TRIGGER {trigger}")
    elif mode == "row refused":
        # The error message of PostgreSQL contains the whole row that it refuses.
        check = "CONSTRAINT planted"
        breaking = [f"ALTER TABLE {each} ADD {check} CHECK (false) NOT VALID" for each in tables]
        mending = [f"ALTER TABLE {each} DROP {check}" for each in tables]
    return breaking, mending


async def _run(shop: Shop, statements: Iterable[str]) -> None:
    for statement in statements:
        # Locks of several tables in one transaction could deadlock with a shop that is served.
        async with shop.database.write() as session:
            await session.execute(text(statement))


def _failing(sound: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def failing(*arguments: Any, **named: Any) -> Any:
        await sound(*arguments, **named)
        raise RuntimeError("planted")

    return failing


async def assert_nothing_leaks(
    world: tuple[Litestar, World], logged: pytest.LogCaptureFixture, mode: str
) -> None:
    """Send requests to all routes of a shop in a mode; assert that its log contains no secret."""
    app, its = world
    await its.restore()
    # A streamed response that fails keeps its status: a server closes the connection.
    transport = transport_to(app, raise_app_exceptions=False)
    async with broken(app, its.shop, mode), httpx.AsyncClient(transport=transport) as client:
        statuses = await send_all(its, client, its.restore if mode == "sound" else None)
    assert len(statuses) > 400
    assert leaks(logged.text, secrets_of(its)) == set()
    faults = statuses.count(500)
    assert (faults > 100) == (mode != "sound"), faults
    # Each fault has its traceback in the log.
    assert logged.text.count("Traceback (most recent call last)") >= faults
    assert len(secrets_of(its)) >= 20


@pytest.mark.parametrize("mode", FAULTS_OF_DATABASE)
async def test_a_fault_of_the_database_logs_no_secret_and_no_personal_data(
    world: tuple[Litestar, World], logged: pytest.LogCaptureFixture, mode: str
) -> None:
    await assert_nothing_leaks(world, logged, mode)


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
@pytest.mark.parametrize("mode", ["sound", "fault in the handler"])
async def test_a_shop_with_a_sound_database_logs_no_secret_and_no_personal_data(
    world: tuple[Litestar, World], logged: pytest.LogCaptureFixture, mode: str
) -> None:
    await assert_nothing_leaks(world, logged, mode)


async def test_a_planted_leak_is_found(
    world: tuple[Litestar, World],
    logged: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, its = world
    await its.restore()
    sound = AuthService.log_in

    async def leaky(self: AuthService, request: TokenRequest, *more: Any) -> Any:
        logging.getLogger("app.services.identity.auth_service").debug("a log-in: %s", request)
        return await sound(self, request, *more)

    monkeypatch.setattr(AuthService, "log_in", leaky)
    form = {"username": its.people["owner"].email, "password": SENT["password"]}
    async with client_with(app, None) as client:
        assert (await client.post("/auth/token", data=form)).status_code == 401
    assert leaks(logged.text, secrets_of(its)) == {"password", "owner's e-mail"}


async def test_a_mail_that_is_not_sent_is_logged_without_its_address(
    world: tuple[Litestar, World], logged: pytest.LogCaptureFixture
) -> None:
    app, its = world
    await its.restore()
    smtp: dict[str, Any] = {
        name: value for name, value in SETTINGS.items() if name.startswith("smtp")
    }
    settings = Settings(
        _env_file=None, smtp_host="127.0.0.1", smtp_port=free_port(), smtp_security="none", **smtp
    )
    async with client_with(app, None) as client:
        forgotten = {"email": its.people["owner"].email}
        assert (await client.post("/auth/password/forgot", json=forgotten)).status_code == 202
        assert await deliver_due(its.shop, sender_of(settings))
    assert "was not sent: " in logged.text
    assert leaks(logged.text, secrets_of(its)) == set()


async def printed_in(log: Path, words: str) -> None:
    """Wait until the log of a process contains some words."""
    async with asyncio.timeout(WAIT_SECONDS):
        while words not in log.read_text("utf-8"):
            await asyncio.sleep(0.05)


async def test_a_served_shop_prints_no_secret(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    postgres_server.create_database("logs_served")
    settings = postgres_settings(
        postgres_server,
        "logs_served",
        data_dir=tmp_path,
        secret_key=SecretStr(SETTINGS["secret_key"]),
    )
    given = SETTINGS | {
        "smtp_host": "127.0.0.1",
        "smtp_port": str(free_port()),
        "smtp_security": "none",
    }
    lines = [f"{name.upper()}={value}" for name, value in given.items()]
    (tmp_path / ".env").write_text("\n".join(lines), "utf-8")
    shop = Shop(settings)
    async with shop_process(settings) as (process, client):
        world = replace(await world_of(shop), origin=str(client.base_url).removesuffix("/api/v1/"))
        # The other tests check the log of every route; these rows print each kind of line.
        writes = [row for row in MATRIX if row.method not in READING and "/auth/" in row.path]
        assert len(await send_all(world, client, world.restore, writes)) > 50
        forgotten = {"email": world.people["owner"].email}
        assert (await client.post("/auth/password/forgot", json=forgotten)).status_code == 202
        await printed_in(tmp_path / "server.log", "was not sent: ")
        await _run(shop, _statements(shop, "row refused")[0])
        statuses = await send_all(world, client, None)
        assert process.poll() is None
    await shop.close()
    postgres_server.drop_database("logs_served")
    printed = (tmp_path / "server.log").read_text("utf-8")
    assert statuses.count(500) > 50
    assert printed.count("Traceback (most recent call last)") >= statuses.count(500)
    assert leaks(printed, secrets_of(world)) == set()
