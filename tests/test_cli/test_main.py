"""The `lavka` command: its output and exit codes."""

import asyncio
import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
from sqlalchemy import select

from app.models import Variant
from app.wiring.resources import Shop
from tests.conftest import sqlite_settings
from tests.support.cached import caught_up
from tests.support.command_line import lavka
from tests.support.ledger import every
from tests.support.processes import ROOT, WAIT_SECONDS, away, environment, started
from tests.test_jobs.test_file_import import ADA, CUP, LINE, TEA, stock, write

# The script that is installed with the project.
PROGRAM = Path(sys.executable).with_name("lavka")


async def test_an_import_reports_each_file_and_ends_with_0(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    files = [
        write(tmp_path, "orders", [LINE]),
        write(tmp_path, "products", [TEA, CUP]),
        write(tmp_path, "users", [ADA]),
    ]
    done = lavka(shop.settings, "import", "--move-stock", *files)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{files[1]}: 2 rows: 2 added, 0 updated, 0 unchanged, 0 refused",
        f"{files[2]}: 1 rows: 1 added, 0 updated, 0 unchanged, 0 refused",
        f"{files[0]}: 1 rows: 1 added, 0 updated, 0 unchanged, 0 refused",
    ]
    assert "2/2" in done.stderr
    assert await stock(client) == {"tea": 8, "cup": 5}
    again = lavka(shop.settings, "import", *files)
    assert again.returncode == 0
    assert (
        again.stdout.splitlines()[2]
        == f"{files[0]}: 1 rows: 0 added, 0 updated, 1 unchanged, 0 refused"
    )
    assert await stock(client) == {"tea": 8, "cup": 5}


async def test_refused_rows_end_an_import_with_1_and_are_all_written_to_the_file(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    bad = [CUP | {"sku": f"bad{number}", "name": ""} for number in range(25)]
    products = write(tmp_path, "products", [TEA, *bad])
    refused = tmp_path / "refused.csv"
    done = lavka(shop.settings, "import", products, "--refused", refused)
    assert done.returncode == 1
    assert done.stdout == f"{products}: 26 rows: 1 added, 0 updated, 0 unchanged, 25 refused\n"
    shown = [line for line in done.stderr.splitlines() if line.startswith(str(products))]
    assert shown[0] == f"{products}:3: name: is required"
    assert shown[20:] == [f"{products}: and 5 more (--refused FILE writes all of them)"]
    with refused.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == [
        *("file", "row", "reason", "kind"),
        *(
            "sku",
            "name",
            "description",
            "category",
            "price",
            "stock_quantity",
            "is_active",
            "tax_class",
        ),
    ]
    assert rows[1:] == [
        [str(products), str(number + 3), "name: is required", "products"]
        + [f"bad{number}", "", "", "Kitchen", "2", "5", "", ""]
        for number in range(25)
    ]
    assert await stock(client) == {"tea": 10}


async def test_an_import_without_refusals_writes_an_empty_list_of_them(
    shop: Shop, tmp_path: Path
) -> None:
    refused = tmp_path / "refused.csv"
    users = write(tmp_path, "users", [ADA])
    assert lavka(shop.settings, "import", users, "--refused", refused).returncode == 0
    assert refused.read_text("utf-8").splitlines() == [
        "file,row,reason,kind,email,username,first_name,last_name"
    ]


async def test_an_unreadable_file_ends_an_import_with_2_and_loads_nothing(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    products, absent = write(tmp_path, "products", [TEA]), tmp_path / "absent.csv"
    done = lavka(shop.settings, "import", products, absent)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {absent}: no such file\n"
    assert await every(client, "/products") == []


async def test_an_unwritable_file_of_refusals_stops_an_import_before_its_work(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    products, refused = write(tmp_path, "products", [TEA]), tmp_path / "absent" / "refused.csv"
    done = lavka(shop.settings, "import", products, "--refused", refused)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and str(refused) in done.stderr
    assert await every(client, "/products") == []


def test_a_database_that_is_away_ends_it_with_2(tmp_path: Path) -> None:
    settings = away(tmp_path)
    done = lavka(settings, "import", write(tmp_path, "users", [ADA]))
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    place = f"postgresql+asyncpg://lavka:***@127.0.0.1:{settings.db_port}/lavka"
    assert done.stderr.splitlines()[-1].startswith(f"error: {place}: ")


def test_a_missing_or_unknown_command_ends_with_2(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    for arguments in ([], ["export"], ["import"]):
        done = lavka(settings, *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("usage: lavka")
    assert not settings.data_dir.exists()


def test_help_lists_the_columns_of_every_kind(tmp_path: Path) -> None:
    shown = lavka(sqlite_settings(tmp_path), "import", "--help")
    assert shown.returncode == 0
    for column in (*TEA, *ADA, *LINE, "status", "is_active"):
        assert column in shown.stdout


def test_the_installed_command_takes_the_settings_of_its_environment(tmp_path: Path) -> None:
    products = write(tmp_path, "products", [TEA, CUP | {"name": ""}])
    settings = sqlite_settings(tmp_path / "var")
    done = subprocess.run(
        [PROGRAM, "import", products],
        cwd=tmp_path,
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )
    assert done.returncode == 1
    assert done.stdout == f"{products}: 2 rows: 1 added, 0 updated, 0 unchanged, 1 refused\n"
    assert done.stderr.splitlines()[-1] == f"{products}:3: name: is required"
    assert (settings.data_dir / "lavka.db").exists()


async def test_a_killed_import_is_completed_by_a_second_run(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    count = 20_000
    tea = TEA | {"stock_quantity": str(count)}
    lines = [LINE | {"reference": f"r{number}", "quantity": "1"} for number in range(count)]
    orders = write(tmp_path, "orders", lines)
    files = [write(tmp_path, "products", [tea]), write(tmp_path, "users", [ADA]), orders]
    left = await _kill_in_the_middle(shop, files, count)
    assert 0 < left < count
    done = lavka(shop.settings, "import", "--move-stock", *files)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[2] == (
        f"{orders}: {count} rows: {left} added, 0 updated, {count - left} unchanged, 0 refused"
    )
    await caught_up(shop)
    assert await stock(client) == {"tea": 0}


async def _kill_in_the_middle(shop: Shop, files: list[Path], count: int) -> int:
    """Kill an import after the first units are sold, and return the number of units left."""
    with (
        open(os.devnull, "wb") as nothing,
        started(
            ["-m", "app.cli.main", "import", "--move-stock", *map(str, files)],
            folder=ROOT,
            settings=environment(shop.settings),
            output=nothing,
            errors=nothing,
        ) as process,
    ):
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline and await _left(shop, count) == count:
            await asyncio.sleep(0.01)
        process.kill()
    return await _left(shop, count)


async def _left(shop: Shop, count: int) -> int:
    """Return the stock on record, which another process changes."""
    async with shop.database.read() as session:
        left = await session.scalar(select(Variant.stock_quantity))
    return count if left is None else left
