"""The folder of a SQLite shop: one server, private files, and changes by the command line."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests.conftest import sqlite_settings
from tests.support import command_line
from tests.support.command_line import Ended, main_py
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import ROOT, environment, free_port, run, serving

MAIN = ROOT / "main.py"
CLI = ROOT / "app" / "cli" / "main.py"
CSV = "sku,name,category,price,stock_quantity\ntea,Tea,Drinks,4.50,3\n"


@pytest.fixture(name="settings")
def sqlite_shop(tmp_path: Path) -> Settings:
    """The settings of a new SQLite shop."""
    return sqlite_settings(tmp_path / "var")


def lavka(settings: Settings, *arguments: str | Path) -> str:
    """Run a command that succeeds, and return its output."""
    done = command_line.lavka(settings, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def mode_of(path: Path) -> int:
    """Return the permissions of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_second_server_on_the_same_folder_is_refused_in_one_line(
    settings: Settings, tmp_path: Path
) -> None:
    with serving(settings, tmp_path) as shop:
        refused = run(settings, tmp_path, MAIN, "--port", str(free_port()))
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == (
            f"error: another server already uses {settings.data_dir}; stop it, or choose another "
            "folder with DATA_DIR\n"
        )
        assert httpx.get(f"{shop.url}/health/ready").status_code == 200
        shop.process.kill()
        shop.process.wait()
    # A killed server leaves no lock behind.
    with serving(settings, tmp_path) as shop:
        assert shop.stop()[0] == 0


def test_the_application_in_another_asgi_server_is_refused_too(
    settings: Settings, tmp_path: Path
) -> None:
    start = (
        "import asyncio; from main import create_app; "
        "asyncio.run(create_app().lifespan().__aenter__())"
    )
    with serving(settings, tmp_path):
        refused = run(settings, tmp_path, "-c", start)
    assert refused.returncode == 1
    assert f"DataInUse: another server already uses {settings.data_dir};" in refused.stderr


async def test_a_running_shop_sees_changes_of_the_command_line_at_once(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "products.csv").write_text(CSV, "utf-8")
    with serving(settings, tmp_path) as shop:
        await let_machine_into(settings)
        products = f"{shop.url}/api/v1/products"
        assert [httpx.get(products).json()["items"] for _ in range(2)] == [[], []]
        lavka(settings, "import", tmp_path / "products.csv")
        assert [each["sku"] for each in httpx.get(products).json()["items"]] == ["tea"]
        password = lavka(settings, "admin", "boss@example.com").split()[-1]
        form = {"username": "boss@example.com", "password": password}
        token = httpx.post(f"{shop.url}/api/v1/auth/token", data=form).json()["access_token"]
        as_boss = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{shop.url}/api/v1/users/me", headers=as_boss).status_code == 200
        # A new password ends all log-ins.
        lavka(settings, "admin", "boss@example.com")
        assert httpx.get(f"{shop.url}/api/v1/users/me", headers=as_boss).status_code == 401
        assert shop.stop()[0] == 0


def test_the_files_are_readable_by_their_owner_only(settings: Settings, tmp_path: Path) -> None:
    settings.data_dir.mkdir(mode=0o755)
    old = settings.data_dir / "lavka.db"
    old.touch(mode=0o644)
    before = os.umask(0)
    try:
        # A fork would have the umask of the process that forks.
        with serving(settings, tmp_path, by_python=True) as shop:
            modes = {each.name: mode_of(each) for each in settings.data_dir.iterdir()}
            shop.stop()
    finally:
        os.umask(before)
    names = ("lavka.db", "lavka.db-shm", "lavka.db-wal", "lavka.lock")
    assert modes == dict.fromkeys(names, 0o600)
    assert mode_of(settings.data_dir) == 0o700


def test_a_folder_with_other_files_keeps_its_permissions(settings: Settings) -> None:
    settings.data_dir.mkdir(mode=0o755)
    (settings.data_dir / "photos").mkdir()
    lavka(settings, "migrate")
    assert mode_of(settings.data_dir) == 0o755
    assert mode_of(settings.data_dir / "lavka.db") == 0o600


@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_shop_whose_database_was_deleted_refuses_writes_and_is_not_ready(
    settings: Settings, tmp_path: Path, is_replaced: bool
) -> None:
    product = {"sku": "tea", "name": "Tea", "category": "Drinks", "price": "4.99"}
    with serving(settings, tmp_path) as shop:
        await let_machine_into(settings)
        products = f"{shop.url}/api/v1/products"
        assert httpx.post(products, json=product, headers=AUTHORIZATION).status_code == 201
        for each in settings.data_dir.glob("lavka.db*"):
            each.unlink()
        if is_replaced:
            sqlite3.connect(settings.data_dir / "lavka.db").close()
            (settings.data_dir / "lavka.db").touch()
        answer = httpx.post(products, json=product | {"sku": "mug"}, headers=AUTHORIZATION)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:problem:unavailable")
        ready = httpx.get(f"{shop.url}/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "down")
        _, _, errors = shop.stop()
    assert f"lavka.db was {'replaced' if is_replaced else 'deleted'}; restart the shop" in errors
    assert (settings.data_dir / "lavka.db").exists() is is_replaced


def test_a_new_database_is_reported_once_with_its_location(settings: Settings) -> None:
    told = f"new database made at {settings.data_dir / 'lavka.db'}\n"
    assert command_line.lavka(settings, "migrate").stderr == told
    assert command_line.lavka(settings, "migrate").stderr == ""


def test_port_0_is_a_free_port_that_is_printed(settings: Settings, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, str(MAIN), "--port", "0"],
        cwd=tmp_path,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = next(line.split()[1] for line in process.stdout if "  shop  " in line)
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=9)) as client:
                assert client.get(address).status_code == 200
        finally:
            process.kill()
    assert ":0/" not in address


@pytest.mark.parametrize("program", [MAIN, CLI], ids=["main.py", "lavka"])
def test_a_file_that_is_not_a_database_is_an_error_of_one_line(
    settings: Settings, tmp_path: Path, program: Path
) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "lavka.db").write_text("no database" * 1_000, "utf-8")
    arguments = ["--port", str(free_port())] if program is MAIN else ["migrate"]
    refused = run(settings, tmp_path, program, *arguments)
    assert refused.returncode == (1 if program is MAIN else 2)
    assert refused.stderr.splitlines()[-1] == (
        f"error: {settings.data_dir / 'lavka.db'}: file is not a database; restore a backup, or "
        "choose another folder with DATA_DIR"
    )
    assert "Traceback" not in refused.stderr


def test_a_folder_that_cannot_be_written_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = sqlite_settings(tmp_path / "file" / "var")
    error = (
        f"error: DATA_DIR: cannot write to {settings.data_dir} (Not a directory); "
        "set a folder that can be written (for example DATA_DIR=var)\n"
    )
    refused = main_py(settings, tmp_path, "--port", str(free_port()))
    assert (refused.returncode, refused.stderr) == (1, error)
    assert command_line.lavka(settings, "migrate") == Ended(2, "", error)


async def test_a_backup_is_made_while_the_shop_runs_and_can_be_restored(
    settings: Settings, tmp_path: Path
) -> None:
    product = {"sku": "tea", "name": "Tea", "category": "Drinks", "price": "4.99"}
    copy = tmp_path / "copy.db"
    with serving(settings, tmp_path) as shop:
        await let_machine_into(settings)
        products = f"{shop.url}/api/v1/products"
        assert httpx.post(products, json=product, headers=AUTHORIZATION).status_code == 201
        assert f"bytes copied to {copy}" in lavka(settings, "backup", copy)
        assert mode_of(copy) == 0o600
        refused = command_line.lavka(settings, "backup", copy)
        assert refused == Ended(2, "", f"error: {copy} exists; choose another name\n")
        httpx.post(products, json=product | {"sku": "mug"}, headers=AUTHORIZATION)
        assert shop.stop()[0] == 0
    (settings.data_dir / "lavka.db").unlink()
    copy.rename(settings.data_dir / "lavka.db")
    with serving(settings, tmp_path) as shop:
        items = httpx.get(f"{shop.url}/api/v1/products").json()["items"]
        assert [each["sku"] for each in items] == ["tea"]
        shop.stop()


def test_a_backup_names_pg_dump_for_postgresql_and_a_missing_database(
    settings: Settings, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    assert command_line.lavka(settings, "backup", copy).stderr == (
        f"error: there is no database at {settings.data_dir / 'lavka.db'}; set DATA_DIR\n"
    )
    other = settings.model_copy(update={"db_host": "db.example"})
    refused = command_line.lavka(other, "backup", copy)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "is PostgreSQL; use pg_dump" in refused.stderr
    assert not copy.exists()
