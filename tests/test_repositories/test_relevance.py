"""Products are found by words in the order of relevance, the same on both databases."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.schemas.catalogue.product_query import MAX_HITS
from app.wiring.resources import Shop
from tests.support.factories import add_products, create_product, product_row
from tests.support.ledger import every
from tests.support.refusals import places_of, problem_of
from tests.test_database.schema_steps import downgrade, upgrade

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def test_the_name_weighs_more_than_options_and_these_more_than_the_description(
    client: httpx.AsyncClient,
) -> None:
    await _fill(client)
    assert await _found(client, q="mint") == ["NAME", "CATEGORY", "OPTION", "TEXT"]
    assert await _found(client, q="min", sort="relevance") == ["NAME", "CATEGORY", "OPTION", "TEXT"]
    assert await _found(client, q="mint", sort="created_at") == [
        "TEXT",
        "OPTION",
        "CATEGORY",
        "NAME",
    ]
    assert (await _found(client))[0] == "OTHER"


async def test_search_results_are_filtered_in_the_order_of_relevance(
    client: httpx.AsyncClient,
) -> None:
    await _fill(client)
    assert await _found(client, q="mint", category="Tea") == ["NAME", "OPTION", "TEXT"]
    assert await _found(client, q="mint", category="Mint") == ["CATEGORY"]
    assert await _found(client, q="mint", **{"option.taste": "mint"}) == ["OPTION"]
    assert await _found(client, q="?!") == []


async def test_barcodes_and_numbers_weigh_as_much_as_names(client: httpx.AsyncClient) -> None:
    for sku, changes in (
        ("A", {"barcode": "4006381333931"}),
        ("B", {"description": "Replaces 4006381333931 and ZX-90."}),
        ("ZX-90", {}),
    ):
        await create_product(client, sku=sku, name="Tea", category="Tea", **changes)
    assert await _found(client, q="4006381333931") == ["A", "B"]
    assert await _found(client, q="zx-90") == ["ZX-90", "B"]


async def test_a_change_of_a_category_changes_the_products_found_by_it(
    client: httpx.AsyncClient,
) -> None:
    await create_product(client, sku="TEXT", name="Tea", category="Tea", description="Of mint.")
    await create_product(client, sku="IN", name="Tea", category="Herbs")
    category = (await client.get("/categories/by-path?path=herbs")).json()
    response = await client.patch(f"/categories/{category['id']}", json={"name": "Mint"})
    assert response.status_code == 200, response.text
    assert await _found(client, q="mint") == ["IN", "TEXT"]
    assert await _found(client, q="herbs") == []


async def test_pages_cover_all_search_results_up_to_a_thousand(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    rows = [
        product_row(f"S{each}", f"Tea {each}", "Tea", each, START + timedelta(seconds=each))
        for each in range(MAX_HITS + 50)
    ]
    async with shop.database.write() as session:
        await add_products(session, rows)
    found = await every(client, "/products", q="tea", limit="100")
    assert len({each["id"] for each in found}) == len(found) == MAX_HITS
    few = await every(client, "/products", q="tea s10", limit="7")
    assert len({each["id"] for each in few}) == len(few) == 61
    page = (await client.get("/products?q=tea&count=true")).json()
    assert page["total"] == MAX_HITS + 50


@pytest.mark.parametrize("place", [0, -1, MAX_HITS, 2**62])
async def test_a_cursor_with_an_invalid_position_is_refused(
    client: httpx.AsyncClient, place: int
) -> None:
    parts = json.dumps(["relevance", place, "0199a1b27c007d008e000123456789ab"])
    cursor = base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")
    response = await client.get("/products", params={"q": "tea", "cursor": cursor})
    assert places_of(problem_of(response)) == {"cursor": "is not a cursor of this list"}


async def test_a_sort_by_relevance_requires_search_words(client: httpx.AsyncClient) -> None:
    response = await client.get("/products?sort=relevance")
    assert places_of(problem_of(response)) == {"sort": "must be another order without `q`"}


async def test_a_migration_leaves_the_facets_and_the_weights_that_products_are_written_with(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await _fill(client)
    sold = await create_product(
        client,
        name="Shirt",
        option_values={"Size": "M", "Colour": "Red"},
        variants=[
            {"sku": "L", "barcode": "123", "option_values": {"Size": "L", "Colour": "Red"}},
            {"sku": "S", "is_active": False, "option_values": {"Size": "S", "Colour": "Red"}},
        ],
    )
    await create_product(client, is_active=False, option_values={"Size": "XL"})
    await client.delete(f"/variants/{sold['variants'][1]['id']}")
    before = await _derived(shop)
    await downgrade(shop.database, "0016")
    await upgrade(shop.database, "head")
    assert await _derived(shop) == before
    assert await _found(client, q="mint") == ["NAME", "CATEGORY", "OPTION", "TEXT"]


async def _fill(client: httpx.AsyncClient) -> None:
    for sku, changes in (
        ("TEXT", {"description": "Tastes of mint."}),
        ("OPTION", {"option_values": {"Taste": "Mint"}}),
        ("CATEGORY", {"category": "Mint"}),
        ("NAME", {"name": "Mint"}),
        ("OTHER", {}),
    ):
        await create_product(
            client, **({"sku": sku, "name": "Leaves", "category": "Tea"} | changes)
        )


async def _found(client: httpx.AsyncClient, **query: str) -> list[str]:
    response = await client.get("/products", params=query)
    assert response.status_code == 200, response.text
    return [each["sku"] for each in response.json()["items"]]


async def _derived(shop: Shop) -> list[Any]:
    async with shop.database.read() as session:
        words = await session.execute(
            text("SELECT id, search_names, search_options FROM products ORDER BY id")
        )
        facets = await session.execute(
            text("SELECT * FROM product_facets ORDER BY product_id, facet, value")
        )
        return [*map(tuple, words), *map(tuple, facets)]
