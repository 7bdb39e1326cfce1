"""The shop as a process: its output, its end, and the errors of its start."""

import asyncio
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from app.errors import Unavailable
from app.server import run_here
from app.settings import Settings
from tests.conftest import DATABASES, postgres_settings, sqlite_settings
from tests.support.command_line import main_py
from tests.support.factories import PASSWORD
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import ROOT, WAIT_SECONDS, ServedShop, away, free_port, run, serving
from tests.support.servers import PostgresServer
from tests.support.servers.postgres import BARE

MAIN = ROOT / "main.py"
SECRET_KEY = "Zr8vQ1mXn4tKc7hLw2pYd9sBf6gJe3aU"
PRODUCT = {"sku": "tea", "name": "Tea", "category": "Drinks", "price": "4.99", "stock_quantity": 3}


@pytest.fixture(name="fresh", params=DATABASES)
def fresh_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a shop that was never started, on each database in turn."""
    if request.param == "sqlite":
        yield sqlite_settings(tmp_path / "var")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("served", template=BARE)
    yield postgres_settings(server, "served", data_dir=tmp_path / "var")
    server.drop_database("served")


def test_help_names_every_option(tmp_path: Path) -> None:
    shown = main_py(sqlite_settings(tmp_path), tmp_path, "--help")
    assert shown.returncode == 0
    for option in ("--demo", "--host", "--port", "--workers"):
        assert option in shown.stdout


def where_it_is(shop: ServedShop, settings: Settings, *, is_new: bool = False) -> list[str]:
    """Return the output of a start; the first line reports a new SQLite database."""
    where = f"http://localhost:{shop.port}"
    made = [f"new database made at {settings.data_place}"]
    return [
        *(made if is_new and settings.db_host is None else []),
        "Lavka",
        f"  shop  {where}/api/v1/products",
        f"  docs  {where}/docs",
        f"  data  {settings.data_place}",
    ]


def log_in(shop: ServedShop, password: str) -> httpx.Response:
    """Request a token as the administrator."""
    form = {"username": "admin@example.com", "password": password}
    return httpx.post(f"{shop.url}/api/v1/auth/token", data=form)


async def test_the_first_start_creates_an_administrator_and_the_second_start_changes_nothing(
    fresh: Settings, tmp_path: Path
) -> None:
    # Once is enough to find a missing import; other tests start it by Python on SQLite.
    by_python = fresh.db_host is not None
    with serving(fresh, tmp_path, is_new=True, by_python=by_python) as shop:
        await let_machine_into(fresh)
        added = httpx.post(f"{shop.url}/api/v1/products", json=PRODUCT, headers=AUTHORIZATION)
        assert added.status_code == 201
        code, output, errors = shop.stop()
        assert (code, errors) == (0, "")
        *place, line, remark = output.splitlines()
        assert place == where_it_is(shop, fresh, is_new=True)
        assert remark == "        (generated at the first start and shown only once)"
    printed = re.fullmatch(
        r"  admin admin@example\.com, password (([a-z2-9]{5}-){5}[a-z2-9]{5})", line
    )
    assert printed is not None, line
    with serving(fresh, tmp_path) as shop:
        items = httpx.get(f"{shop.url}/api/v1/products").json()["items"]
        assert [(each["sku"], each["availability"]) for each in items] == [("tea", "low")]
        tea = httpx.get(f"{shop.url}/api/v1/products/{items[0]['id']}").json()
        assert tea["stock_quantity"] == 3
        check_administrator(shop, printed[1])
        code, output, errors = shop.stop()
        (refused,) = errors.splitlines()
        assert json.loads(refused)["event"] == (
            "refused with 401: '/api/v1/auth/token' from 127.0.0.1"
        )
        assert code == 0
        assert output.splitlines() == where_it_is(shop, fresh)


def check_administrator(shop: ServedShop, password: str) -> None:
    """Check that the administrator can log in with this password and not with another one."""
    granted = log_in(shop, password)
    assert granted.status_code == 200, granted.text
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    caller = httpx.get(f"{shop.url}/api/v1/users/me", headers=headers).json()
    assert (caller["email"], caller["role"]) == ("admin@example.com", "admin")
    assert httpx.get(f"{shop.url}/api/v1/audit", headers=headers).status_code == 200
    assert log_in(shop, password[:-1]).status_code == 401


def test_a_configured_password_of_the_administrator_is_not_printed(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    (tmp_path / ".env").write_text(f"ADMIN_PASSWORD={PASSWORD}\n", "utf-8")
    with serving(settings, tmp_path, is_new=True) as shop:
        assert log_in(shop, PASSWORD).status_code == 200
        assert shop.stop()[1].splitlines() == where_it_is(shop, settings, is_new=True)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("ADMIN_PASSWORD=12345678", "ADMIN_PASSWORD: is too common"),
        ("ADMIN_EMAIL=nobody", "ADMIN_EMAIL: must be an e-mail address"),
    ],
)
def test_an_invalid_administrator_is_reported_by_the_setting(
    tmp_path: Path, line: str, error: str
) -> None:
    (tmp_path / ".env").write_text(f"{line}\n", "utf-8")
    settings = sqlite_settings(tmp_path / "var")
    refused = main_py(settings, tmp_path, "--port", str(free_port()))
    told = f"new database made at {settings.data_place}\n"
    assert (refused.returncode, refused.stdout) == (1, told)
    assert refused.stderr == f"error: {error}; choose another value\n"


@pytest.mark.parametrize(
    "by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda by: by.name
)
async def test_a_request_in_progress_gets_its_response_before_the_end(
    tmp_path: Path, by: signal.Signals
) -> None:
    settings = sqlite_settings(tmp_path / "var")
    body = json.dumps(PRODUCT).encode()
    with serving(settings, tmp_path) as shop:
        await let_machine_into(settings)
        with socket.create_connection(("127.0.0.1", shop.port), timeout=WAIT_SECONDS) as connection:
            connection.sendall(
                b"POST /api/v1/products HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
                b"Authorization: %b\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % (AUTHORIZATION["Authorization"].encode(), len(body))
            )
            connection.sendall(body[:10])
            time.sleep(0.3)
            shop.process.send_signal(by)
            time.sleep(0.3)
            connection.sendall(body[10:])
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        _, _, errors = shop.ended()
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    assert (shop.process.returncode, errors) == (0, "")


AMBIGUOUS = {
    "a length and chunks": "Content-Length: 2\r\nTransfer-Encoding: chunked",
    "two lengths": "Content-Length: 2\r\nContent-Length: 3",
    "a coding that is none": "Transfer-Encoding: xchunked",
    "chunks that are not last": "Transfer-Encoding: chunked, identity",
    "a length with a sign": "Content-Length: +2",
    "a space before the colon": "Content-Length : 2",
}


def test_an_ambiguous_request_is_refused_and_closes_the_connection(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    second = "GET /health/live HTTP/1.1\r\nHost: shop\r\n\r\n"
    with serving(settings, tmp_path) as shop:
        for name, headers in AMBIGUOUS.items():
            head = f"POST /api/v1/users HTTP/1.1\r\nHost: shop\r\n{headers}\r\n\r\n"
            with socket.create_connection(("127.0.0.1", shop.port), timeout=10) as connection:
                connection.sendall(f"{head}{{}}{second}".encode())
                answers = connection.makefile("rb").read()
            assert answers.count(b"HTTP/1.1 ") == 1, (name, answers)
            assert answers.startswith(b"HTTP/1.1 4"), (name, answers)


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_an_invalid_port_is_refused(tmp_path: Path, port: str) -> None:
    refused = main_py(sqlite_settings(tmp_path / "var"), tmp_path, f"--port={port}")
    assert refused.returncode == 2
    assert refused.stderr.endswith("error: argument --port: must be 0 to 65535\n")


def test_a_port_in_use_is_an_error_and_no_file_is_created(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = main_py(settings, tmp_path, "--port", str(port))
    assert refused.returncode == 1
    assert refused.stderr == (
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "choose another port with --port or PORT\n"
    )
    assert not settings.data_dir.exists()


def test_a_wrong_setting_is_reported_without_a_traceback(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    (tmp_path / ".env").write_text("SHOP_CURRENCY=gold\n", "utf-8")
    refused = run(settings, tmp_path, MAIN, "--port", str(free_port()))
    assert refused.returncode == 1
    assert refused.stderr == (
        "error: SHOP_CURRENCY: must be a currency code of ISO 4217 "
        "(for example SHOP_CURRENCY=USD)\n"
    )
    assert not settings.data_dir.exists()


def test_settings_that_are_unsafe_in_production_are_named(tmp_path: Path) -> None:
    costs = {"password_memory_kib": 19_456, "password_iterations": 2}
    limits = {"login_limit_per_account": 5, "login_limit_per_address": 20}
    settings = sqlite_settings(tmp_path / "var", **costs, **limits)
    production = f"ENVIRONMENT=production\nSECRET_KEY={SECRET_KEY}\nALLOWED_HOSTS=127.0.0.1\n"
    (tmp_path / ".env").write_text(production, "utf-8")
    refused = run(settings, tmp_path, MAIN, "--port", str(free_port()))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        "error: not allowed with ENVIRONMENT=production:\n"
        "  SMTP_HOST: is not set: mails with tokens would be printed; "
        "for example SMTP_HOST=smtp.example.com\n"
    )
    assert not settings.data_dir.exists()
    (tmp_path / ".env").write_text(f"{production}SMTP_HOST=127.0.0.1\n", "utf-8")
    with serving(settings, tmp_path) as shop:
        answer = httpx.get(f"{shop.url}/api/v1/products")
        assert answer.status_code == 200
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
        assert shop.stop()[0] == 0


def test_several_workers_on_sqlite_are_refused(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    refused = main_py(settings, tmp_path, "--workers", "2", "--port", str(free_port()))
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: --workers: SQLite has one writer")
    assert not settings.data_dir.exists()


def test_an_unreachable_database_at_the_start_is_reported(tmp_path: Path) -> None:
    settings = away(tmp_path)
    refused = run(settings, tmp_path, MAIN, "--port", str(free_port()))
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "Traceback" not in refused.stderr
    (last,) = (line for line in refused.stderr.splitlines() if line.startswith("error: "))
    place = f"postgresql+asyncpg://lavka:***@127.0.0.1:{settings.db_port}/lavka"
    assert last.startswith(f"error: {place}: ") and "Connect call failed" in last


@pytest.mark.any_database
def test_a_database_failure_during_the_start_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = sqlite_settings(tmp_path / "var")

    async def start() -> None:
        outage = Unavailable("the database does not answer")
        outage.__cause__ = ConnectionRefusedError("no one listens")
        raise ExceptionGroup("lifespan", [ExceptionGroup("tasks", [outage])])

    with pytest.raises(SystemExit) as ended:
        run_here(settings, start())
    assert str(ended.value) == f"error: {settings.data_place}: no one listens"

    async def fail() -> None:
        raise ExceptionGroup("lifespan", [ValueError("a mistake")])

    with pytest.raises(ExceptionGroup):
        run_here(settings, fail())
    assert capsys.readouterr().out == ""


def test_a_host_name_of_a_container_is_reported_outside_of_containers(tmp_path: Path) -> None:
    settings = away(tmp_path).model_copy(update={"db_host": "db.invalid"})
    refused = main_py(settings, tmp_path, "--port", str(free_port()))
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith(
        "; if DB_HOST is a name inside the containers, use docker compose exec web lavka, "
        "or DB_HOST=localhost and DB_PORT=5433"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"postgres_password": SecretStr("wrong")}, "password authentication failed"),
        ({"postgres_db": "absent"}, 'database "absent" does not exist'),
    ],
)
def test_a_database_that_refuses_connections_is_reported(
    postgres_server: PostgresServer, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    settings = postgres_settings(postgres_server, "postgres").model_copy(update=change)
    refused = main_py(settings, tmp_path, "--port", str(free_port()))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr and "wrong" not in refused.stderr
    assert reason in refused.stderr.splitlines()[-1]


async def test_two_workers_both_respond_and_a_killed_one_is_replaced(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    postgres_server.create_database("workers")
    settings = postgres_settings(postgres_server, "workers", data_dir=tmp_path / "var")
    with serving(settings, tmp_path, "--workers", "2", by_python=True) as shop:
        first, second = await _workers(shop)
        assert await _answers_while_stopped(shop, first)
        assert await _answers_while_stopped(shop, second)
        os.kill(first, signal.SIGKILL)
        third = next(iter(set(await _workers(shop, without=first)) - {second}))
        assert await _answers_while_stopped(shop, second), f"{third} does not answer"
        code, _, _ = shop.stop()
        assert code == 0
    postgres_server.drop_database("workers")


async def _workers(shop: ServedShop, without: int = 0) -> list[int]:
    """Wait until two processes serve, and return their ids."""
    children = Path(f"/proc/{shop.process.pid}/task/{shop.process.pid}/children")
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = [int(each) for each in children.read_text(encoding="ascii").split()]
        serving_ones = [each for each in found if each != without and _is_worker(each)]
        if len(serving_ones) == 2:
            return serving_ones
        await asyncio.sleep(0.1)
    raise TimeoutError("there are no two workers")


def _is_worker(process_id: int) -> bool:
    command = Path(f"/proc/{process_id}/cmdline").read_bytes()
    return b"resource_tracker" not in command


async def _answers_while_stopped(shop: ServedShop, worker: int) -> bool:
    """Return whether the shop answers while one of its workers is stopped."""
    os.kill(worker, signal.SIGSTOP)
    try:
        for _ in range(60):
            async with httpx.AsyncClient(timeout=0.5) as client:
                try:
                    response = await client.get(f"{shop.url}/api/v1/products")
                except httpx.TransportError:
                    continue
                return response.status_code == 200
        return False
    finally:
        os.kill(worker, signal.SIGCONT)
