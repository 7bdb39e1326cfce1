"""The categories of products: named in a product, replaced, renamed, and used to filter lists."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.jobs.file_import import import_files
from app.messaging.pipeline import Pipeline
from app.services.data.import_outcome import ImportOptions
from app.wiring.resources import Shop
from tests.support.factories import add_products, create_product, product_row
from tests.support.queries import analyze, plan_of, statements_of
from tests.support.refusals import places_of, refused
from tests.test_controllers.catalogue.categories import (
    change_category,
    create_category,
    create_chain,
    put_into,
    skus,
    tree_of,
)
from tests.test_controllers.catalogue.products import shown
from tests.test_messaging.deliveries import message


async def found(client: httpx.AsyncClient, words: str) -> list[str]:
    """Return the SKUs of the products that a search finds."""
    items = (await client.get("/products", params={"q": words, "sort": "name"})).json()["items"]
    return sorted(each["sku"] for each in items)


async def test_a_list_of_a_category_includes_its_subcategories(client: httpx.AsyncClient) -> None:
    garden, tools, spades = await create_chain(client, "Garden", "Tools", "Spades")
    await create_category(client, "Garden2")
    for sku, category in (("G", "Garden"), ("T", "Tools"), ("S", "Spades"), ("X", "Garden2")):
        await create_product(client, sku=sku, category=category)
    for asked, expected in (
        ("Garden", "GST"),
        (garden["id"], "GST"),
        (garden["id"].upper(), "GST"),
        ("garden/", "GST"),
        ("/garden", "GST"),
        ("garden/tools", "ST"),
        (tools["id"], "ST"),
        ("Spades", "S"),
        ("garden/tools/spades/", "S"),
        ("garden", ""),
        ("tools/", ""),
        ("/", ""),
        ("0199a1b2-7c00-7d00-8e00-0123456789ab", ""),
        ("x" * 36, ""),
    ):
        assert "".join(await skus(client, asked)) == expected, asked
    await change_category(client, spades, parent_id=None)
    assert await skus(client, "Tools") == ["T"]
    # The client follows the redirect of the former path.
    assert await skus(client, "garden/tools/spades") == ["S"]
    page = (await client.get("/products", params={"category": "Garden", "count": "true"})).json()
    assert page["total"] == 2


async def test_a_name_may_contain_a_slash(client: httpx.AsyncClient) -> None:
    await create_chain(client, "Garden", "Tools")
    await create_product(client, sku="N", category="garden/tools")
    await create_product(client, sku="P", category="Tools")
    assert await skus(client, "garden/tools") == ["N"]
    assert await skus(client, "garden/tools/") == ["P"]


async def test_a_list_includes_products_that_have_the_category_as_an_additional_one(
    client: httpx.AsyncClient,
) -> None:
    garden, tools = await create_chain(client, "Garden", "Tools")
    gifts = await create_category(client, "Gifts")
    spade = await create_product(client, sku="S", category="Tools")
    await create_product(client, sku="T", category="Tools")
    await put_into(client, spade, tools, gifts, garden)
    assert await skus(client, "Gifts") == ["S"]
    assert await skus(client, "Garden") == ["S", "T"]
    query = {"category": "Garden", "sort": "name", "limit": "1"}
    first = (await client.get("/products", params=query)).json()
    second = (await client.get("/products", params=query | {"cursor": first["next"]})).json()
    assert {page["items"][0]["sku"] for page in (first, second)} == {"S", "T"}
    assert second["next"] is None
    await put_into(client, spade, gifts)
    assert (await shown(client, spade))["category"] == "Gifts"
    assert await skus(client, "Garden") == ["T"]


async def test_replaced_categories_are_a_change_of_the_product(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea, leaf = await create_chain(client, "Tea", "Leaf")
    product = await create_product(client, name="Tea", category="Tea")
    path = f"/products/{product['id']}/categories"
    before = await client.get(path)
    headers = {"If-Match": before.headers["ETag"]}
    ids = {"category_ids": [leaf["id"], tea["id"]]}
    changed = await client.put(path, json=ids, headers=headers)
    assert [each["path"] for each in changed.json()["items"]] == ["tea/leaf/", "tea/"]
    now = await shown(client, product)
    assert (now["category"], now["version"]) == ("Leaf", 2)
    problem = await refused(client, shop, "PUT", path, json=ids, headers=headers)
    assert problem["type"] == "urn:problem:precondition-failed"
    for wrong in ([], [tea["id"], tea["id"]], [tea["id"]] * 21, None):
        problem = await refused(client, shop, "PUT", path, json={"category_ids": wrong})
        assert list(places_of(problem)) == ["#/category_ids"]
    assert await found(client, "leaf tea") == [product["sku"]]


async def test_a_renamed_category_is_renamed_in_its_products(client: httpx.AsyncClient) -> None:
    tea = await create_category(client, "Black tea")
    product = await create_product(client, sku="TEA", name="Fine black tea", category="Black tea")
    other = await create_product(client, sku="OTHER", name="Cup", category="Black tea")
    await create_product(client, sku="BLACK", name="Black", category="Tea")
    reads = [await client.get(f"/products/{each['id']}") for each in (product, other)]
    await skus(client, "Black tea")
    await change_category(client, tea, name="Dürre Blätter", description="Leaves")
    for each in (product, other):
        now = await shown(client, each)
        assert (now["category"], now["version"]) == ("Dürre Blätter", 2)
        assert now["updated_at"] > each["updated_at"]
    again = await client.get(
        f"/products/{other['id']}", headers={"If-None-Match": reads[1].headers["ETag"]}
    )
    assert again.status_code == 200
    assert await skus(client, "Black tea") == []
    assert await skus(client, "Dürre Blätter") == ["OTHER", "TEA"]
    assert await found(client, "durre blatter") == ["OTHER", "TEA"]
    assert await found(client, "black tea") == ["BLACK", "TEA"]


@pytest.mark.parametrize(
    ("before", "after"), [("Tea", "!!!"), ("!!!", "Tea"), ("Tea", "Coffee"), ("お茶", "a.b")]
)
async def test_the_search_text_after_a_rename_equals_that_of_a_new_product(
    client: httpx.AsyncClient, shop: Shop, before: str, after: str
) -> None:
    for name in ("Tea", "Tea tea", "Cup", "お茶"):
        await create_product(client, name=name, category=before)
    (category,) = (await client.get("/categories")).json()["items"]
    await change_category(client, category, name=after)
    async with shop.database.read() as session:
        rows = (await session.execute(text("SELECT id, search_text FROM products"))).all()
    renamed = {row.id: sorted(row.search_text.split()) for row in rows}
    for item in (await client.get("/products")).json()["items"]:
        await client.patch(f"/products/{item['id']}", json={"description": ""})
    async with shop.database.read() as session:
        rows = (await session.execute(text("SELECT id, search_text FROM products"))).all()
    assert {row.id: sorted(row.search_text.split()) for row in rows} == renamed


async def test_a_product_finds_its_category_by_name_at_any_level(client: httpx.AsyncClient) -> None:
    await create_chain(client, "Drinks", "Tea")
    await create_product(client, sku="A", category="Tea")
    assert await tree_of(client) == {"drinks/": 0, "drinks/tea/": 1}
    product = await create_product(client, sku="B", category="Drinks")
    await client.patch(f"/products/{product['id']}", json={"category": "Tea"})
    assert await tree_of(client) == {"drinks/": 0, "drinks/tea/": 2}
    await create_category(client, "Tea")
    await client.patch(f"/products/{product['id']}", json={"category": "Tea"})
    await create_product(client, sku="C", category="Tea")
    # The highest category is chosen, and products keep their current categories.
    assert await tree_of(client) == {"drinks/": 0, "drinks/tea/": 2, "tea/": 1}


async def test_concurrent_products_with_a_new_category_create_it_once(
    client: httpx.AsyncClient,
) -> None:
    names = [f"New {number % 2}" for number in range(8)]
    await asyncio.gather(*(create_product(client, category=name) for name in names))
    assert await tree_of(client) == {"new-0/": 4, "new-1/": 4}


async def test_a_batch_of_the_queue_reads_its_categories_in_one_query(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    def bodies(prefix: str) -> list[Any]:
        return [
            message(
                "product",
                {"sku": f"{prefix}{n}", "name": "A", "category": f"C{n % 3}", "price": "1.00"},
            )
            for n in range(40)
        ]

    await Pipeline(shop).process(bodies("A"))
    with statements_of(shop) as statements:
        await Pipeline(shop).process(bodies("B"))
    assert sum("categories" in each.sql and "SELECT" in each.sql for each in statements) == 1
    assert list((await tree_of(client)).values()) == [28, 26, 26]


async def test_a_category_of_a_failed_message_is_created_again(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await create_product(client, sku="TAKEN", category="Old")
    product = {"name": "A", "category": "New", "price": "1.00"}
    await Pipeline(shop).process([message("product", product | {"sku": "TAKEN"})])
    assert await tree_of(client) == {"old/": 1}
    both = [message("product", product | {"sku": sku}) for sku in ("TAKEN", "FREE")]
    await Pipeline(shop).process(both)
    assert await tree_of(client) == {"new/": 1, "old/": 1}


async def test_an_import_finds_the_categories_of_its_rows(
    client: httpx.AsyncClient, shop: Shop, tmp_path: Path
) -> None:
    await create_chain(client, "Drinks", "Tea")
    path = tmp_path / "products.csv"
    path.write_text("sku,name,category,price\nA,A,Tea,1\nB,B,Cups,1\nC,C,Cups,1\n", "utf-8")
    await import_files(shop, [path])
    assert await tree_of(client) == {"cups/": 2, "drinks/": 0, "drinks/tea/": 1}
    path.write_text("sku,name,category,price\nA,A,Tea,1\nB,B,Tea,1\nC,C,Bags,1\n", "utf-8")
    await import_files(shop, [path], options=ImportOptions(updates_existing=True))
    assert await tree_of(client) == {"bags/": 1, "cups/": 0, "drinks/": 0, "drinks/tea/": 2}


async def test_a_list_of_a_known_category_is_one_statement_that_uses_an_index(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    # No earlier test has used it: from now on, the process knows it.
    name = f"Known on {shop.database.url.get_backend_name()}"
    product = await create_product(client, category=name)
    # With few products, PostgreSQL may read all of them by the smallest index.
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    async with shop.database.write() as session:
        await add_products(session, [product_row(f"S{n}", "Cup", "", n, at) for n in range(500)])
    await analyze(shop, "products")
    counts = []
    for sort in ("name", "price"):
        query = {"category": name, "sort": sort, "limit": "2"}
        with statements_of(shop) as statements:
            assert len((await client.get("/products", params=query)).json()["items"]) == 1
        counts.append(len(statements))
    assert counts == [2, 1]
    plan = await plan_of(shop, statements[0])
    assert "ix_products_primary_category_id_price_minor_id" in plan
    assert "Sort" not in plan and "TEMP B-TREE" not in plan
    # This process sees the change of another process at once.
    (category,) = (await client.get(f"/products/{product['id']}/categories")).json()["items"]
    below = await create_category(client, "Below", category)
    other = await create_product(client, category="Other")
    await put_into(client, other, below)
    assert await skus(client, name) == sorted([product["sku"], other["sku"]])
