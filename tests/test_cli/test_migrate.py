"""The start of a container before its command: `lavka migrate`, and entrypoint.sh around it."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.settings import Settings
from app.wiring.lifecycle import migrate_shop
from app.wiring.resources import Shop
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.command_line import lavka
from tests.support.processes import ROOT, WAIT_SECONDS, away, environment
from tests.support.servers import PostgresServer
from tests.support.servers.postgres import BARE

ENTRYPOINT = ROOT / "entrypoint.sh"


@pytest.fixture(name="empty_database", params=["sqlite", "postgres"])
def _empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The settings of a shop with an empty database."""
    if request.param == "sqlite":
        return sqlite_settings(tmp_path / "var")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"empty_{time.time_ns()}"
    server.create_database(name, template=BARE)
    return postgres_settings(server, name)


def started(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run entrypoint.sh like a container, to its end."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/sh", str(ENTRYPOINT), *arguments],
        cwd=ROOT,
        env=environment(settings) | {"PATH": path, "DB_WAIT_SECONDS": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )


def test_an_empty_database_is_migrated_once(empty_database: Settings) -> None:
    first, second = (lavka(empty_database, "migrate") for _ in range(2))
    made = f"new database made at {empty_database.data_place}\n"
    assert (first.returncode, first.stderr) == (0, "" if empty_database.db_host else made)
    assert first.stdout == f"{empty_database.data_place}: migrated\n"
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout == f"{empty_database.data_place}: up to date\n"


async def test_of_several_concurrent_starts_one_migrates(empty_database: Settings) -> None:
    shops = [Shop(empty_database) for _ in range(3)]
    # Two concurrent migrations may deadlock.
    async with asyncio.timeout(WAIT_SECONDS):
        done = await asyncio.gather(*(migrate_shop(each) for each in shops))
    assert sorted(done) == [False, False, True]
    await asyncio.gather(*(each.close() for each in shops))


def test_the_wait_for_an_unreachable_database_has_a_limit(tmp_path: Path) -> None:
    settings = away(tmp_path)
    began = time.monotonic()
    done = lavka(settings, "migrate", "--wait", "0.5")
    assert time.monotonic() - began > 0.5
    assert done.returncode == 2
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"waiting for {settings.data_place}: ")
    assert done.stderr.splitlines()[-1].startswith(f"error: {settings.data_place}: ")
    assert lavka(settings, "migrate").stdout == ""


def test_a_container_migrates_and_then_runs_its_command(
    empty_database: Settings,
) -> None:
    done = started(empty_database, "sh", "-c", "echo the command; exit 7")
    assert done.stdout == f"{empty_database.data_place}: migrated\nthe command\n"
    assert done.returncode == 7


def test_a_container_without_its_database_does_not_start(tmp_path: Path) -> None:
    done = started(away(tmp_path), "echo", "the command")
    assert done.returncode == 2
    assert "the command" not in done.stdout


def test_the_demo_command_fills_an_empty_shop_once(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    first = lavka(settings, "demo")
    assert (first.returncode, first.stdout.splitlines()[-1]) == (
        0,
        "demo data imported",
    ), first.stderr
    second = lavka(settings, "demo")
    assert (second.returncode, second.stdout) == (0, "the shop is in use; nothing was changed\n")
