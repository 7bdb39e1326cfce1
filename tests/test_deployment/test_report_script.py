"""The script that tests the API of a running shop creates its own administrator."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.conftest import sqlite_settings
from tests.support.command_line import lavka
from tests.support.factories import PASSWORD
from tests.support.processes import ROOT, ServedShop, environment, free_port, serving

OWN = "report-check@example.com"


@pytest.fixture(name="settings", scope="module")
def sqlite_shop(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a new SQLite shop."""
    return sqlite_settings(tmp_path_factory.mktemp("shop") / "var")


@pytest.fixture(name="shop", scope="module")
def served_shop(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedShop]:
    """A running shop, with the administrator's password in its `.env`."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".env").write_text(f"ADMIN_PASSWORD={PASSWORD}\n", "utf-8")
    with serving(settings, folder) as shop:
        yield shop


@pytest.fixture(name="folder")
def project(tmp_path: Path) -> Path:
    """A folder with the script, and stubs of uv and docker that run the command line here."""
    shutil.copy(ROOT / "test_report_api.sh", tmp_path)
    (tmp_path / "bin").mkdir()
    program = f'exec {sys.executable} {ROOT / "app/cli/main.py"} "$@"'
    for name, script in {
        "uv": f"shift 3; {program}",
        "docker": '[ ! -e old ] || exit 1; [ "$2" != version ] || exit 0; shift; '
        'exec docker-compose "$@"',
        "docker-compose": f'[ "$1" = ps ] && {{ [ ! -e web ] || echo web; exit; }}; '
        f"shift 4; {program}",
    }.items():
        stand_in = tmp_path / "bin" / name
        stand_in.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        stand_in.chmod(0o755)
    return tmp_path


def make_beforehand(folder: Path, settings: Settings) -> None:
    """Make the stubs print the output of `lavka` in this process, which is faster."""
    made = lavka(settings, "admin", OWN)
    assert made.returncode == 0, made.stderr
    (folder / "made").write_text(made.stdout, "utf-8")
    for name in ("uv", "docker-compose"):
        program = folder / "bin" / name
        script = program.read_text("utf-8")
        head, found, _ = script.partition("exec ")
        assert found
        program.write_text(f'{head}[ "$*" = "admin {OWN}" ] && exec cat made\n', "utf-8")


def ran(
    folder: Path, settings: Settings, url: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the script like a user."""
    variables |= {"BASE_URL": url, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    bash = shutil.which("bash")
    assert bash is not None
    return subprocess.run(
        [bash, "test_report_api.sh"],
        cwd=folder,
        env=environment(settings) | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_without_a_password_the_script_creates_its_own_administrator(
    shop: ServedShop, settings: Settings, folder: Path
) -> None:
    done = ran(folder, settings, shop.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[:3] == [
        "      ADMIN_PASSWORD is not set",
        f"      made the administrator {OWN} with `uv run --quiet lavka admin {OWN}`",
        "ok    the administrator logs in",
    ]
    assert done.stdout.splitlines()[-1].endswith(" checks passed")


@pytest.mark.parametrize("form", ["{}", '"{}"', "'{}'", "{}  # from the vault"])
def test_the_password_of_the_file_is_used(settings: Settings, folder: Path, form: str) -> None:
    (folder / ".env").write_text(f"PORT=81\nADMIN_PASSWORD={form.format(PASSWORD)}\n", "utf-8")
    curl = folder / "bin" / "curl"
    curl.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\" >>asked\n", "utf-8")
    curl.chmod(0o755)
    ran(folder, settings, "")
    asked = (folder / "asked").read_text("utf-8").splitlines()
    assert "http://localhost:81/api/v1/auth/token" in asked
    assert f"password={PASSWORD}" in asked


@pytest.mark.parametrize("compose", ["docker compose", "docker-compose"])
def test_in_containers_the_administrator_is_made_in_the_container(
    shop: ServedShop, settings: Settings, folder: Path, compose: str
) -> None:
    (folder / "web").touch()
    if compose == "docker-compose":
        (folder / "old").touch()
    (folder / ".env").write_text("ADMIN_PASSWORD=an older kettle\n", "utf-8")
    make_beforehand(folder, settings)
    done = ran(folder, settings, shop.url)
    assert done.stdout.splitlines()[:3] == [
        "      ADMIN_PASSWORD of .env does not log in",
        f"      made the administrator {OWN} with " f"`{compose} exec -T web lavka admin {OWN}`",
        "ok    the administrator logs in",
    ]


def test_a_given_wrong_password_is_not_replaced(
    shop: ServedShop, settings: Settings, folder: Path
) -> None:
    done = ran(folder, settings, shop.url, ADMIN_PASSWORD="wrong")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("FAIL  the administrator logs in: 401 instead of 200\n")


def test_an_administrator_of_another_shop_is_an_error_with_a_remedy(
    shop: ServedShop, tmp_path: Path, folder: Path
) -> None:
    elsewhere = sqlite_settings(tmp_path / "elsewhere")
    make_beforehand(folder, elsewhere)
    done = ran(folder, elsewhere, shop.url)
    assert (done.returncode, done.stdout) == (2, "      ADMIN_PASSWORD is not set\n")
    assert done.stderr.splitlines()[-1] == (
        "error: run it where the shop runs, or set ADMIN_EMAIL and ADMIN_PASSWORD"
    )


def test_an_unreachable_shop_is_named_before_an_administrator_is_created(
    tmp_path: Path, folder: Path
) -> None:
    settings = sqlite_settings(tmp_path / "var")
    url = f"http://127.0.0.1:{free_port()}"
    done = ran(folder, settings, url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"error: {url} does not answer\n")
    assert not settings.data_dir.exists()
