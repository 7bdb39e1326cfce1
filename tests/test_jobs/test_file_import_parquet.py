"""Products, users and orders are imported from parquet files as from CSV files."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyarrow import Table, parquet

from app.jobs.file_import import UnreadableFile, import_files
from app.services.data.import_outcome import Outcome
from app.wiring.resources import Shop
from tests.support.ledger import assert_conserved, every
from tests.test_jobs.test_file_import import ADA, CUP, LINE, MOVING, TEA


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    """Write a parquet file."""
    path = folder / f"{name}.parquet"
    parquet.write_table(Table.from_pylist(rows), path)
    return path


async def test_typed_columns_are_loaded_exactly(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    products = write(tmp_path, "products", [TEA | {"price": 4.99, "stock_quantity": 10}])
    users = write(tmp_path, "users", [ADA])
    orders = write(tmp_path, "orders", [LINE | {"quantity": 2, "unit_price": 4.5}])
    outcomes = await import_files(shop, [orders, users, products], options=MOVING)
    assert list(outcomes.values()) == [Outcome(1)] * 3
    (order,) = await every(client, "/orders")
    assert (order["total"], order["units"], order["status"]) == ("9.00", 2, "delivered")
    (product,) = await every(client, "/products", include="stock")
    assert (product["price"], product["stock_quantity"]) == ("4.99", 8)
    await assert_conserved(client, [product["id"]])


@pytest.mark.any_database
async def test_a_price_with_a_rounding_error_in_it_is_refused(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    products = write(tmp_path, "products", [TEA | {"price": 0.1 + 0.2, "stock_quantity": 1}])
    outcome = (await import_files(shop, [products]))[products]
    assert outcome.refused == [
        (2, "price: must have at most 2 decimal places (USD) (found '0.30000000000000004')")
    ]
    assert await every(client, "/products") == []


async def test_an_invalid_parquet_file_is_refused_before_anything_is_loaded(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    products = write(tmp_path, "products", [TEA | {"stock_quantity": 10}])
    broken = tmp_path / "users.parquet"
    broken.write_bytes(b"PAR1 is how it begins")
    with pytest.raises(UnreadableFile, match="users.parquet: is not a parquet file"):
        await import_files(shop, [products, broken])
    assert await every(client, "/products") == []


@pytest.mark.any_database
async def test_dates_and_times_are_accepted_and_numbers_are_refused(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    moments = [date(2026, 1, 1), datetime(2026, 1, 1, 10), datetime(2026, 1, 1, 11, tzinfo=UTC)]
    files = [write(tmp_path, "products", [TEA]), write(tmp_path, "users", [ADA])]
    for name, moment in zip("abc", moments):
        files.append(write(tmp_path, name, [LINE | {"reference": name, "placed_at": moment}]))
    files.append(write(tmp_path, "d", [LINE | {"placed_at": 45306.4375}]))
    outcomes = await import_files(shop, files)
    assert [outcome.added for outcome in outcomes.values()] == [1, 1, 1, 1, 1, 0]
    ((_, reason),) = outcomes[files[-1]].refused
    assert reason.startswith("placed_at: must be written like 2026-11-20 or")
    assert [each["created_at"] for each in reversed(await every(client, "/orders"))] == [
        "2026-01-01T00:00:00Z",
        "2026-01-01T10:00:00Z",
        "2026-01-01T11:00:00Z",
    ]


@pytest.mark.any_database
async def test_an_empty_cell_of_a_numeric_column_is_absent(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    rows = [
        TEA | {"price": 4.99, "stock_quantity": 10.0},
        CUP | {"price": 2.0, "stock_quantity": float("nan")},
    ]
    products = write(tmp_path, "products", rows)
    assert (await import_files(shop, [products]))[products] == Outcome(2)
    found = {
        each["sku"]: each["stock_quantity"]
        for each in await every(client, "/products", include="stock")
    }
    assert found == {"tea": 10, "cup": 0}


@pytest.mark.any_database
async def test_columns_are_recognized_in_any_spelling(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    row = {"Username": "ada", "E-Mail": " ada@example.com", "First Name": "Ada", "lastName": "L"}
    users = write(tmp_path, "users", [row])
    assert (await import_files(shop, [users]))[users] == Outcome(1)
    assert [each["email"] for each in await every(client, "/users")] == ["ada@example.com"]
