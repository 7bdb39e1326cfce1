"""Every row of a file is added, updated, unchanged or refused, and refused rows are returned."""

import csv
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.jobs.file_import import import_sources, open_all
from app.jobs.refused_rows import write_refused
from app.services.data.import_outcome import ImportOptions, Outcome
from app.wiring.resources import Shop
from tests.support.ledger import every
from tests.test_jobs.test_file_import import (
    ADA,
    BOB,
    CUP,
    GOOD,
    LINE,
    SECOND,
    TEA,
    everything,
    load,
    stock,
    write,
)

PLAIN = ImportOptions()
CHECK = ImportOptions(is_check=True)


async def run(
    shop: Shop, *paths: Path, options: ImportOptions = PLAIN, refused: Path | None = None
) -> dict[str, Outcome]:
    """Import files, and write the refused rows to a file."""
    sources = open_all(paths)
    outcomes = await import_sources(shop, sources, None, options)
    if refused is not None:
        write_refused(refused, sources, outcomes)
    return {path.name: outcome for path, outcome in outcomes.items()}


def rows_in(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(name="mixed")
def mixed_files(tmp_path: Path) -> list[Path]:
    """Files in which good rows and rows with all sorts of faults alternate."""
    products = tmp_path / "products.csv"
    products.write_text(
        "sku,name,category,price,description\n"
        "tea,Tea,Drinks,4.99,\n"
        "mug,Mug,Kitchen,cheap,\n"
        'pot,"Pot,Kitchen,9.00,\n'
        "tea,Tea,Drinks,4.99,\n"
        "cup,Cup,Kitchen,2.00,,white\n"
        "jar,Jar,Kitchen,3.00,\n",
        "utf-8",
    )
    lines = [
        LINE | {"reference": "a"},
        LINE | {"reference": "a", "sku": "jar", "quantity": "none"},
        LINE | {"reference": "b"},
        LINE | {"reference": "c", "sku": "pot"},
        LINE | {"reference": "c", "sku": "tea"},
    ]
    return [
        products,
        write(tmp_path, "users", [ADA, BOB | {"email": "nowhere"}]),
        write(tmp_path, "orders", lines),
    ]


async def test_every_row_is_counted_once(shop: Shop, mixed: list[Path]) -> None:
    outcomes = await run(shop, *mixed)
    counted = {
        name: (outcome.row_count, outcome.added, [number for number, _ in outcome.refused])
        for name, outcome in outcomes.items()
    }
    assert counted == {
        "products.csv": (6, 2, [3, 4, 5, 6]),
        "users.csv": (2, 1, [3]),
        "orders.csv": (5, 1, [2, 3, 5, 6]),
    }


@pytest.mark.any_database
async def test_each_row_without_a_reference_is_refused_for_that_reason(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    nameless = LINE | {"reference": ""}
    outcomes = await load(
        shop, tmp_path, products=[TEA], users=[ADA], orders=[nameless, GOOD, nameless]
    )
    reason = "reference: is required"
    assert outcomes["orders"] == Outcome(1, refused=[(2, reason), (4, reason)])
    assert await stock(client) == {"tea": 9}


FAULTS = {
    "mug": {"price": "3.00"},
    "pot": {"name": "Pot", "price": "9.00"},
    "none": {"quantity": "1"},
    "nowhere": {"email": "bob@example.com"},
}


def correct(rows: list[dict[str, Any]], path: Path) -> None:
    """Write corrected copies of refused rows to another file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        # Additional cells of malformed rows have no name.
        writer = csv.DictWriter(file, list(filter(None, rows[0])), extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            fault = row["quantity"] or row["email"] or row["sku"]
            writer.writerow(row | FAULTS.get(fault, {}))


@pytest.mark.any_database
async def test_the_refused_rows_are_corrected_and_imported(
    shop: Shop, client: httpx.AsyncClient, mixed: list[Path], tmp_path: Path
) -> None:
    refused, corrected = tmp_path / "refused.csv", tmp_path / "corrected.csv"
    outcomes = await run(shop, *mixed, refused=refused)
    rows = rows_in(refused)
    assert [(row["kind"], int(row["row"]), row["reason"]) for row in rows] == [
        (name.removesuffix(".csv"), number, reason)
        for name, outcome in outcomes.items()
        for number, reason in outcome.refused
    ]
    again = await run(shop, refused)
    assert (again["refused.csv"].added, len(again["refused.csv"].refused)) == (0, len(rows) - 1)
    assert again["refused.csv"].unchanged == 1  # The repeated row is alone now.
    correct(rows, corrected)
    outcome = (await run(shop, corrected))["corrected.csv"]
    assert (outcome.row_count, outcome.added, outcome.refused) == (len(rows), len(rows) - 1, [])
    assert len(await every(client, "/products")) == 5
    assert sorted(each["units"] for each in await every(client, "/orders")) == [2, 3, 4]


async def test_a_refused_row_of_an_unknown_kind_is_refused_again(
    shop: Shop, tmp_path: Path
) -> None:
    path = write(
        tmp_path, "refused", [TEA | {"file": "f", "row": "2", "reason": "", "kind": "goods"}]
    )
    outcome = (await run(shop, path))["refused.csv"]
    assert outcome == Outcome(refused=[(2, "kind: must be one of products, users, orders")])


@pytest.mark.any_database
async def test_an_empty_file_of_refused_rows_has_no_rows(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "refused.csv"
    path.write_text("file,row,reason,kind,sku,name,category,price\n", "utf-8")
    assert await run(shop, path) == {"refused.csv": Outcome()}


CONSTRAINT = {
    "sqlite": "CREATE TRIGGER no_mugs BEFORE INSERT ON products WHEN NEW.sku LIKE 'mug%' "
    "BEGIN SELECT RAISE(ABORT, 'no mugs'); END",
    "postgresql": "ALTER TABLE products ADD CONSTRAINT no_mugs CHECK (sku NOT LIKE 'mug%')",
}
WITHOUT = {
    "sqlite": "DROP TRIGGER no_mugs",
    "postgresql": "ALTER TABLE products DROP CONSTRAINT no_mugs",
}


@pytest.mark.any_database
@pytest.mark.parametrize("options", [PLAIN, CHECK])
async def test_a_row_that_the_database_refuses_does_not_affect_other_rows(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, options: ImportOptions
) -> None:
    names = ["a", "mug1", "b", "c", "d", "mug2", "e"]
    products = write(tmp_path, "products", [TEA | {"sku": name} for name in names])
    dialect = "sqlite" if shop.database.is_sqlite else "postgresql"
    await execute(shop, CONSTRAINT[dialect])
    try:
        outcome = (await run(shop, products, options=options))["products.csv"]
    finally:
        await execute(shop, WITHOUT[dialect])
    assert outcome.row_count == 7
    assert outcome.added == 5
    assert [number for number, _ in outcome.refused] == [3, 7]
    for _, reason in outcome.refused:
        assert reason.startswith("the database refuses it: ") and "no" in reason
    found = sorted(each["sku"] for each in await every(client, "/products"))
    assert found == ([] if options.is_check else ["a", "b", "c", "d", "e"])


async def test_an_order_that_the_database_refuses_is_refused_completely(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await run(shop, write(tmp_path, "products", [TEA, CUP]), write(tmp_path, "users", [ADA]))
    dialect = "sqlite" if shop.database.is_sqlite else "postgresql"
    constraint, without = (
        each.replace("products", "order_items").replace("mug%", "cup")
        for each in (CONSTRAINT[dialect], WITHOUT[dialect])
    )
    lines = [LINE | {"reference": "a"}, LINE, SECOND, LINE | {"reference": "z"}]
    await execute(shop, constraint)
    try:
        outcome = (await run(shop, write(tmp_path, "orders", lines)))["orders.csv"]
    finally:
        await execute(shop, without)
    assert (outcome.added, [number for number, _ in outcome.refused]) == (2, [3, 4])
    assert len(await every(client, "/orders")) == 2


async def execute(shop: Shop, statement: str) -> None:
    """Execute a statement."""
    async with shop.database.reshape() as connection:
        await connection.execute(text(statement))


@pytest.mark.any_database
async def test_a_check_reports_the_effect_of_an_import_and_changes_nothing(
    shop: Shop, client: httpx.AsyncClient, mixed: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "before"
    folder.mkdir()
    await load(shop, folder, products=[TEA], users=[ADA], orders=[LINE | {"reference": "first"}])
    before = await everything(client)
    told = await run(shop, *mixed, options=CHECK)
    assert await everything(client) == before
    assert await run(shop, *mixed) == told
    numbers = sorted(each["number"] for each in await every(client, "/orders"))
    assert numbers == [numbers[0], numbers[0] + 1]
