"""The `lavka import` command: its options, output and exit codes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.wiring.resources import Shop
from tests.conftest import sqlite_settings
from tests.support.command_line import lavka
from tests.support.ledger import every
from tests.test_jobs.test_file_import import ADA, CUP, LINE, TEA, everything, write


async def test_a_check_reports_each_row_and_changes_nothing(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    lavka(shop.settings, "import", write(tmp_path, "products", [TEA]))
    before = await everything(client)
    products = write(tmp_path, "products", [TEA | {"name": "Green Tea"}, CUP, CUP])
    users = write(tmp_path, "users", [ADA])
    done = lavka(shop.settings, "import", "--check", "--update", products, users)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{products}: 3 rows: 1 would be added, 1 updated, 0 unchanged, 1 refused",
        f"{products}:2: updated: name: 'Tea' becomes 'Green Tea'",
        f"{products}:4: refused: sku: cup is in row 3 already",
        f"{users}: 1 rows: 1 would be added, 0 updated, 0 unchanged, 0 refused",
        "this was a check: nothing was changed",
    ]
    assert "3/3" in done.stderr
    assert await everything(client) == before


async def test_a_check_of_valid_files_ends_with_0(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    files = [
        write(tmp_path, name, [row])
        for name, row in (("orders", LINE), ("products", TEA), ("users", ADA))
    ]
    done = lavka(shop.settings, "import", "--check", *files)
    assert (done.returncode, await every(client, "/products")) == (0, [])
    assert lavka(shop.settings, "import", *files).returncode == 0
    assert [each["units"] for each in await every(client, "/orders")] == [2]


async def test_a_check_names_every_refused_row(shop: Shop, tmp_path: Path) -> None:
    products = write(tmp_path, "products", [TEA | {"name": ""}] * 25)
    done = lavka(shop.settings, "import", "--check", products)
    assert done.stdout.splitlines()[1:-1] == [
        f"{products}:{number}: refused: name: is required" for number in range(2, 27)
    ]


def test_a_check_does_not_create_a_shop(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    done = lavka(settings, "import", "--check", write(tmp_path, "products", [TEA]))
    assert done.returncode == 0, done.stderr
    assert "1 rows: 1 would be added" in done.stdout
    assert not settings.data_dir.exists()


def test_a_check_does_not_migrate_a_database(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path)
    database = tmp_path / "lavka.db"
    database.touch()
    done = lavka(settings, "import", "--check", write(tmp_path, "products", [TEA]))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {database}: is not migrated; run: lavka migrate\n"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


async def test_a_different_row_is_changed_only_with_the_option_update(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    lavka(shop.settings, "import", write(tmp_path, "users", [ADA]))
    users = write(tmp_path, "users", [ADA | {"last_name": "King"}])
    done = lavka(shop.settings, "import", users)
    assert done.returncode == 1
    assert done.stdout == f"{users}: 1 rows: 0 added, 0 updated, 0 unchanged, 1 refused\n"
    assert done.stderr.splitlines()[-1] == (
        f"{users}:2: is there already, and different: last_name is 'Lovelace' here, 'King' in the "
        "file (--update takes the file's)"
    )
    assert [each["last_name"] for each in await every(client, "/users")] == ["Lovelace"]
    done = lavka(shop.settings, "import", "--update", users)
    assert done.returncode == 0
    assert done.stdout == f"{users}: 1 rows: 0 added, 1 updated, 0 unchanged, 0 refused\n"


async def test_the_refused_rows_never_replace_a_file_to_import(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    products = write(tmp_path, "products", [TEA])
    before = products.read_bytes()
    done = lavka(shop.settings, "import", products, "--refused", products)
    assert done.returncode == 2
    assert done.stderr == f"error: --refused {products}: is a file to import; name another one\n"
    assert products.read_bytes() == before
    assert await every(client, "/products") == []


async def test_the_encoding_of_a_file_can_be_set(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    products = tmp_path / "products.csv"
    products.write_bytes("sku;name;category;price\r\nx;Käse;Essen;1.00\r\n".encode("cp1252"))
    assert lavka(shop.settings, "import", products).returncode == 2
    assert lavka(shop.settings, "import", "--encoding", "cp1252", products).returncode == 0
    assert [each["name"] for each in await every(client, "/products")] == ["Käse"]


@pytest.mark.parametrize("option", ["--check", "--update", "--move-stock", "--refused"])
def test_the_help_lists_each_option(tmp_path: Path, option: str) -> None:
    shown = lavka(sqlite_settings(tmp_path), "import", "--help").stdout
    assert option in shown
    assert "Orders of the past do not change the current stock." in shown
