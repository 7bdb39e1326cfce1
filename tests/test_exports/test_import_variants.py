"""Rows with the same `product_sku` are the variants of one product."""

import csv
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.jobs.file_import import import_sources, open_all
from app.jobs.refused_rows import write_refused
from app.services.data.import_outcome import ImportOptions, Outcome
from app.wiring.resources import Shop
from tests.support.cached import caught_up
from tests.support.ledger import every, movements_of
from tests.test_jobs.test_file_import import TEA, Row, load

PLAIN = ImportOptions()
UPDATING = ImportOptions(updates_existing=True)

SMALL = TEA | {
    "product_sku": "tea",
    "category_path": "Food > Drinks",
    "option1_name": "Package",
    "option1_value": "100 g",
    "compare_at_price": "5.99",
    "barcode": "0012",
    "weight_grams": "100",
    "low_stock_at": "3",
    "tracks_stock": "true",
    "allows_backorder": "false",
    "is_active": "true",
    "variant_is_active": "true",
    "currency": "USD",
}
LARGE = SMALL | {
    "sku": "tea-500",
    "option1_value": "500 g",
    "price": "19.99",
    "compare_at_price": "",
    "barcode": "",
    "stock_quantity": "-2",
    "allows_backorder": "yes",
    "variant_is_active": "no",
}
SOLO = {name: "" for name in SMALL} | TEA | {"sku": "cup", "name": "Cup"}


async def products(shop: Shop, folder: Path, options: ImportOptions, *rows: Row) -> Outcome:
    """Import rows of products."""
    return (await load(shop, folder, options, products=rows))["products"]


async def shown(shop: Shop, client: httpx.AsyncClient, sku: str) -> Any:
    """Return the product whose first variant has an SKU."""
    await caught_up(shop)
    (product_id,) = [each["id"] for each in await every(client, "/products") if each["sku"] == sku]
    return (await client.get(f"/products/{product_id}")).json()


async def values_of(shop: Shop, client: httpx.AsyncClient, sku: str) -> list[tuple[str, Any]]:
    """Return the SKU and the option values of the variants of a product."""
    product = await shown(shop, client, sku)
    return [(each["sku"], each["option_values"]) for each in product["variants"]]


@pytest.mark.any_database
async def test_rows_become_the_variants_of_one_product(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    outcome = await products(shop, tmp_path, PLAIN, SMALL, LARGE, SOLO)
    assert outcome == Outcome(added=3)
    tea = await shown(shop, client, "tea")
    small, large = tea["variants"]
    assert tea["options"] == [{"name": "Package", "values": ["100 g", "500 g"]}]
    assert (small["id"], small["compare_at_price"], small["barcode"]) == (tea["id"], "5.99", "0012")
    assert (small["weight_grams"], small["low_stock_at"], small["is_active"]) == (100, 3, True)
    assert (large["price"], large["barcode"], large["is_active"]) == ("19.99", None, False)
    assert (large["stock_quantity"], large["allows_backorder"]) == (-2, True)
    assert "variants" not in await shown(shop, client, "cup")
    assert sorted(await movements_of(client, tea["id"])) == [("stocktake", -2), ("supply", 10)]
    tree = (await client.get("/categories")).json()["items"]
    assert [(each["name"], each["path"]) for each in tree if each["name"] != "Drinks"] == [
        ("Food", "food/")
    ]
    assert (await products(shop, tmp_path, PLAIN, SMALL, LARGE, SOLO)) == Outcome(unchanged=3)


@pytest.mark.any_database
async def test_rows_of_a_product_need_not_be_adjacent_or_in_order(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.jobs.file_import._CHUNK_ROWS", 1)
    others = [SOLO | {"sku": f"cup-{number}"} for number in range(3)]
    rows = [LARGE, others[0], SMALL | {"stock_quantity": "7"}, *others[1:]]
    assert await products(shop, tmp_path, PLAIN, *rows) == Outcome(added=5)
    assert [sku for sku, _ in await values_of(shop, client, "tea")] == ["tea", "tea-500"]


async def test_shared_columns_of_variants_may_be_given_once(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    bare = {name: "" for name in SMALL} | {
        name: LARGE[name] for name in ("product_sku", "sku", "option1_value")
    }
    assert await products(shop, tmp_path, PLAIN, SMALL, bare) == Outcome(added=2)
    tea = await shown(shop, client, "tea")
    assert [each["price"] for each in tea["variants"]] == ["4.99", "4.99"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "Coffee"}, "name: must be as in row 2, which is of the same product (found 'C"),
        ({"category": "Food", "category_path": "Food"}, "category: must be as in row 2"),
        ({"category_path": "Food > Tea"}, "category_path: must end with the category 'Drinks'"),
        ({"option1_name": "Size"}, "option1_name: is 'Package' for the product (found 'Size')"),
        ({"option1_value": ""}, "option1_value: is required, as Package is an option"),
        ({"option2_value": "Whole"}, "option2_value: the product has no second option"),
        ({"option1_name": "", "option2_name": "Grind"}, "option1_name: is required with option2"),
        ({"option1_value": "100 G"}, "another variant has these option values"),
        ({"sku": "tea"}, "sku: tea is in row 2 already"),
        ({"product_sku": "pot"}, "product_sku: there is no product pot, and no valid row of it"),
        ({"compare_at_price": "19.99"}, "compare_at_price: must be more than the price"),
        ({"currency": "EUR"}, "currency: must be that of the shop, USD"),
        ({"allows_backorder": "no"}, "stock_quantity: must be greater than or equal to 0, unless"),
        ({"weight_grams": "1.5"}, "weight_grams: must be an integer"),
    ],
)
async def test_a_wrong_row_is_refused_without_the_other_variants(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, change: Row, reason: str
) -> None:
    second = {"option2_name": "", "option2_value": ""}
    third = LARGE | {"sku": "tea-900", "option1_value": "900 g"}
    rows = [SMALL | second, LARGE | second | change, third | second]
    for options in (PLAIN, UPDATING):
        outcome = await products(shop, tmp_path, options, *rows)
        ((number, found),) = outcome.refused
        assert number == 3
        assert found.startswith(reason)
        assert outcome.added + outcome.unchanged == 2
    skus = [sku for sku, _ in await values_of(shop, client, "tea")]
    assert skus == ["tea", "tea-900"]


@pytest.mark.any_database
async def test_a_new_variant_of_an_existing_product_is_added(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await products(shop, tmp_path, PLAIN, SMALL)
    assert await products(shop, tmp_path, PLAIN, LARGE) == Outcome(added=1)
    assert await values_of(shop, client, "tea") == [
        ("tea", {"Package": "100 g"}),
        ("tea-500", {"Package": "500 g"}),
    ]


async def test_an_update_changes_each_variant_by_its_sku_and_the_product_once(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await products(shop, tmp_path, PLAIN, SMALL, LARGE)
    renamed = {"name": "Green", "category": "Hot", "category_path": "Food > Drinks > Hot"}
    rows = [
        SMALL | renamed | {"price": "3.99", "stock_quantity": "8"},
        LARGE | renamed | {"option1_value": "0.5 kg", "variant_is_active": "yes"},
    ]
    outcome = await products(shop, tmp_path, PLAIN, *rows)
    assert [number for number, _ in outcome.refused] == [2, 3]
    outcome = await products(shop, tmp_path, UPDATING, *rows)
    assert outcome.updated == [
        (
            2,
            "name: 'Tea' becomes 'Green'; category_path: 'Food > Drinks' becomes "
            "'Food > Drinks > Hot'; price: 4.99 becomes 3.99; stock_quantity: 10 becomes 8",
        ),
        (
            3,
            "name: 'Tea' becomes 'Green'; category_path: 'Food > Drinks' becomes "
            "'Food > Drinks > Hot'; variant_is_active: false becomes true; "
            "option1_value: '500 g' becomes '0.5 kg'",
        ),
    ]
    tea = await shown(shop, client, "tea")
    assert (tea["name"], tea["category"], tea["version"]) == ("Green", "Hot", 2)
    assert [each["price"] for each in tea["variants"]] == ["3.99", "19.99"]
    assert await products(shop, tmp_path, UPDATING, *rows) == Outcome(unchanged=2)


@pytest.mark.any_database
async def test_a_variant_is_not_moved_to_another_product(shop: Shop, tmp_path: Path) -> None:
    await products(shop, tmp_path, PLAIN, SMALL, LARGE, SOLO)
    moved = LARGE | {"product_sku": "cup"}
    assert await products(shop, tmp_path, UPDATING, moved) == Outcome(
        refused=[(2, "product_sku: tea-500 is a variant of another product")]
    )
    bare = {name: "" for name in SMALL} | {"sku": "mug", "product_sku": "cup", "price": "1"}
    assert await products(shop, tmp_path, UPDATING, bare) == Outcome(
        refused=[(2, "product_sku: the product has no options")]
    )


@pytest.mark.any_database
async def test_refused_rows_can_be_corrected_and_imported(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    path, refused = tmp_path / "products.csv", tmp_path / "refused.csv"
    rows = [SMALL | {"name": "'=Tea"}, LARGE | {"name": "'=Tea", "price": "dear"}]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(SMALL))
        writer.writeheader()
        writer.writerows(rows)
    sources = open_all([path])
    outcomes = await import_sources(shop, sources, None, PLAIN)
    assert outcomes[path].added == 1
    write_refused(refused, sources, outcomes)
    assert ",'=Tea," in refused.read_text("utf-8")
    refused.write_text(refused.read_text("utf-8").replace("dear", "19.99"), "utf-8")
    assert (await import_sources(shop, open_all([refused]), None, PLAIN))[refused].added == 1
    assert (await shown(shop, client, "tea"))["name"] == "=Tea"


async def test_more_variants_than_a_product_can_have_are_refused(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.data.products.product_edits.MAX_VARIANTS", 2)
    monkeypatch.setattr("app.services.data.products.product_judgement.MAX_VARIANTS", 2)
    further = [LARGE | {"sku": f"tea-{each}", "option1_value": f"{each}"} for each in range(3)]
    new = [each | {"sku": f"x{each['sku']}", "product_sku": "xtea"} for each in (SMALL, *further)]
    assert [number for number, _ in (await products(shop, tmp_path, PLAIN, *new)).refused] == [4, 5]
    await products(shop, tmp_path, PLAIN, SMALL)
    outcome = await products(shop, tmp_path, PLAIN, *further)
    assert outcome == Outcome(
        added=1,
        refused=[(number, "Tea would have 3 variants, and 2 are allowed") for number in (3, 4)],
    )
