"""The lists of products by their filters, over HTTP."""

import httpx

from tests.support.factories import create_product

FOUND = {
    "": "t1 t2 t3 c1 c2",
    "category=Tea": "t1 t2 t3",
    "category=tea": "",
    "category=Te": "",
    "category=": "",
    "min_price=2.00": "t2 t3 c1 c2",
    "min_price=2.01": "t3 c2",
    "max_price=2": "t1 t2 c1",
    "max_price=1.99": "t1",
    "min_price=2&max_price=2.00": "t2 c1",
    "min_price=3&max_price=2": "",
    "in_stock=true": "t1 t3 c2",
    "in_stock=false": "t2 c1",
    "category=Tea&in_stock=true": "t1 t3",
    "category=Tea&min_price=1.50&max_price=2.50&in_stock=false": "t2",
    "category=Coffee&max_price=3.00&in_stock=true&q=dear": "c2",
}


async def test_products_are_found_by_category_price_and_stock(client: httpx.AsyncClient) -> None:
    await _fill(client)
    assert {query: await _found(client, query) for query in FOUND} == FOUND


async def _fill(client: httpx.AsyncClient) -> None:
    for sku, category, price, stock in (
        ("t1", "Tea", "1.00", 1),
        ("t2", "Tea", "2.00", 0),
        ("t3", "Tea", "3.00", 5),
        ("c1", "Coffee", "2.00", 0),
        ("c2", "Coffee", "3.00", 2),
    ):
        name = "Dear" if price == "3.00" else "Cheap"
        await create_product(
            client, sku=sku, name=name, category=category, price=price, stock_quantity=stock
        )


async def _found(client: httpx.AsyncClient, query: str) -> str:
    response = await client.get(f"/products?sort=created_at&{query}")
    assert response.status_code == 200, response.text
    return " ".join(item["sku"] for item in response.json()["items"])
