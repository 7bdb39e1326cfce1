"""Parquet files become products, users and orders like any others."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from pyarrow import Table, parquet

from app.jobs.file_import import UnreadableFile, import_files
from app.wiring.resources import Shop
from tests.support.ledger import assert_conserved, every
from tests.test_jobs.test_file_import import ADA, LINE, TEA


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
    outcomes = await import_files(shop, [orders, users, products])
    assert [(each.added, each.existing, each.refused) for each in outcomes.values()] == [
        (1, 0, [])
    ] * 3
    (order,) = await every(client, "/orders")
    assert (order["total"], order["units"], order["status"]) == ("9.00", 2, "delivered")
    (product,) = await every(client, "/products")
    assert (product["price"], product["stock_quantity"]) == ("4.99", 8)
    await assert_conserved(client, [product["id"]])


async def test_a_price_with_a_rounding_error_in_it_is_refused(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    products = write(tmp_path, "products", [TEA | {"price": 0.1 + 0.2, "stock_quantity": 1}])
    outcome = (await import_files(shop, [products]))[products]
    assert outcome.refused == [(2, "price: must have at most 2 decimal places (USD)")]
    assert await every(client, "/products") == []


async def test_what_only_looks_like_parquet_is_refused_before_anything_is_loaded(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    products = write(tmp_path, "products", [TEA | {"stock_quantity": 10}])
    broken = tmp_path / "users.parquet"
    broken.write_bytes(b"PAR1 is how it begins")
    with pytest.raises(UnreadableFile, match="users.parquet: is not a parquet file"):
        await import_files(shop, [products, broken])
    assert await every(client, "/products") == []
