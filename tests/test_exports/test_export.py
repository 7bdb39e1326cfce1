"""The file of all products: its content, its download, and its creation by the command line."""

from pathlib import Path
from random import Random

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.command_line import lavka
from tests.test_exports.random_products import fill
from tests.test_exports.test_round_trip import exported, rows_of

TEA = {"sku": "tea", "name": "=Tea", "category": "Drinks", "price": "4.99"}


async def test_a_row_has_all_fields_of_a_variant(shop: Shop, client: httpx.AsyncClient) -> None:
    shirt = TEA | {
        "sku": "shirt",
        "option_values": {"Size": "S"},
        "stock_quantity": 3,
        "variants": [{"sku": "shirt-m", "option_values": {"Size": "M"}, "price": "5.99"}],
    }
    assert (await client.post("/products", json=shirt)).status_code == 201
    gone = (await client.post("/products", json=TEA)).json()
    assert (await client.delete(f"/products/{gone['id']}")).status_code == 204
    answer = await client.get("/products/export")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="products.csv"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    names, *rows = rows_of(answer.content)
    shared = {"product_sku": "shirt", "name": "'=Tea", "category": "Drinks", "is_active": "true"}
    shared |= {"category_path": "Drinks", "currency": shop.settings.shop_currency}
    shared |= {"option1_name": "Size", "tracks_stock": "true", "allows_backorder": "false"}
    shared |= {"tax_class": "standard", "variant_is_active": "true"}
    small = {"sku": "shirt", "option1_value": "S", "price": "4.99", "stock_quantity": "3"}
    middle = {"sku": "shirt-m", "option1_value": "M", "price": "5.99", "stock_quantity": "0"}
    assert [{name: cell for name, cell in zip(names, row) if cell} for row in rows] == [
        shared | small,
        shared | middle,
    ]


async def test_parts_of_any_size_make_the_same_file(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(shop, Random(1), 20)
    whole = (await client.get("/products/export")).content
    monkeypatch.setattr("app.wiring.areas.data._EXPORTED_AT_ONCE", 3)
    assert (await client.get("/products/export")).content == whole
    assert exported(shop.settings, tmp_path / "products.csv") == whole
    assert [path.name for path in tmp_path.iterdir()] == ["products.csv"]
    shown = lavka(shop.settings, "export", "products", "-")
    assert shown.stdout.encode() == whole


@pytest.mark.any_database
async def test_a_file_that_cannot_be_written_is_reported(shop: Shop, tmp_path: Path) -> None:
    done = lavka(shop.settings, "export", "products", tmp_path / "nowhere" / "products.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere" in done.stderr


@pytest.mark.any_database
def test_an_export_does_not_create_a_missing_shop(shop: Shop, tmp_path: Path) -> None:
    settings = shop.settings.model_copy(update={"db_host": None, "data_dir": tmp_path / "no"})
    done = lavka(settings, "export", "products", "-")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no database at" in done.stderr
    assert not (tmp_path / "no").exists()


async def test_an_export_in_another_currency_than_the_stored_one_is_refused(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    await client.post("/products", json=TEA)
    settings = shop.settings.model_copy(update={"shop_currency": "EUR", "shop_currencies": None})
    done = lavka(settings, "export", "products", "-")
    assert (done.returncode, done.stdout) == (2, "")
    assert "SHOP_CURRENCY: the prices in" in done.stderr
