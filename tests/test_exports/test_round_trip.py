"""An export that is imported into an empty shop is exported with the same bytes again."""

import csv
import io
import re
from pathlib import Path
from random import Random

import httpx
import pytest

from app.schemas.csv_cells import csv_text, guarded, unguarded
from app.schemas.name_paths import join_names, split_names
from app.settings import Settings, get_settings
from app.wiring.resources import Shop
from tests.support.command_line import lavka
from tests.support.servers.sqlite import give_schema
from tests.test_exports.random_products import LETTERS, fill, line

FORMULA = re.compile("\\s*[-=+@\u2212\uff0d\uff1d\uff0b\uff20]")
COUNT = 60


def empty_shop(folder: Path, currency: str) -> Settings:
    """Return the settings of a new shop with a database."""
    settings = Settings(_env_file=None, db_host=None, data_dir=folder, shop_currency=currency)
    give_schema(settings)
    return settings


def exported(settings: Settings, path: Path) -> bytes:
    """Return the file that a shop writes."""
    done = lavka(settings, "export", "products", path)
    assert (done.returncode, done.stderr) == (0, "")
    return path.read_bytes()


async def assert_comes_back(before: bytes, settings: Settings, folder: Path) -> None:
    """Import a file into an empty shop without refusals, and compare the export of that shop."""
    path = folder / "before.csv"
    path.write_bytes(before)
    done = lavka(settings, "import", path)
    assert (done.returncode, "0 refused" in done.stdout) == (0, True), done.stderr
    after = exported(settings, folder / "after.csv")
    assert rows_of(after) == rows_of(before)
    assert after == before
    again = lavka(settings, "import", "--update", path)
    assert ": 0 added, 0 updated," in again.stdout


def rows_of(file: bytes) -> list[list[str]]:
    """Return the rows of a CSV file."""
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("seed", range(3))
async def test_exported_products_are_the_same_after_an_import_into_another_shop(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, seed: int
) -> None:
    await fill(shop, Random(seed), COUNT)
    answer = await client.get("/products/export")
    assert answer.status_code == 200
    assert len(rows_of(answer.content)) > COUNT
    assert answer.content == exported(shop.settings, tmp_path / "products.csv")
    await assert_comes_back(answer.content, empty_shop(tmp_path / "new", "USD"), tmp_path)


@pytest.mark.any_database
@pytest.mark.parametrize(("currency", "price"), [("JPY", "12345"), ("KWD", "12.345")])
async def test_exported_prices_are_the_same_in_currencies_with_other_decimal_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, currency: str, price: str
) -> None:
    monkeypatch.setenv("SHOP_CURRENCY", currency)
    get_settings.cache_clear()
    try:
        source = Shop(empty_shop(tmp_path / "old", currency))
        await fill(source, Random(7), COUNT)
        await source.close()
        before = exported(source.settings, tmp_path / "old.csv")
        assert price in {row[12] for row in rows_of(before)}
        await assert_comes_back(before, empty_shop(tmp_path / "new", currency), tmp_path)
    finally:
        get_settings.cache_clear()


@pytest.mark.any_database
def test_every_text_is_restored_from_its_cell_and_is_not_a_formula() -> None:
    random = Random(11)
    for _ in range(20_000):
        text = "".join(random.choices(f"{LETTERS}\n\t", k=random.randint(0, 9)))
        cell = guarded(text)
        assert unguarded(cell) == text
        assert cell == cell.strip()
        for separator in ",;\t|":
            shown = csv_text([["a", cell, "b"]])
            for row in csv.reader(io.StringIO(shown, newline=""), delimiter=separator):
                assert not [each for each in row if FORMULA.match(each)]
        names = [line(random) for _ in range(random.randint(1, 4))]
        assert split_names(join_names(names)) == names


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("'=1", "=1"),
        ("''=1", "'=1"),
        ("'n Beetje", "'n Beetje"),
        ("=1", "=1"),
        ("'quoted'", "'quoted'"),
        ("' x'", " x"),
        ("a;'-b", "a;-b"),
        ("007", "007"),
    ],
)
def test_an_import_removes_only_the_characters_that_an_export_adds(cell: str, text: str) -> None:
    assert unguarded(cell) == text
