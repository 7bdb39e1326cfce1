"""Creates categories over HTTP, and reads them."""

from typing import Any

import httpx


async def create_category(
    client: httpx.AsyncClient, name: str, parent: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Add a category below another one, or at the top."""
    data = {"name": name, "parent_id": None if parent is None else parent["id"]} | more
    response = await client.post("/categories", json=data)
    assert response.status_code == 201, response.text
    category: dict[str, Any] = response.json()
    return category


async def create_chain(client: httpx.AsyncClient, *names: str) -> list[dict[str, Any]]:
    """Add categories, each below the previous one."""
    chain: list[dict[str, Any]] = []
    for name in names:
        chain.append(await create_category(client, name, chain[-1] if chain else None))
    return chain


async def change_category(
    client: httpx.AsyncClient, category: dict[str, Any], **change: Any
) -> dict[str, Any]:
    """Change a category."""
    response = await client.patch(f"/categories/{category['id']}", json=change)
    assert response.status_code == 200, response.text
    changed: dict[str, Any] = response.json()
    return changed


async def tree_of(client: httpx.AsyncClient, query: str = "?include=all") -> dict[str, int]:
    """Return the paths of the tree in its order, with the numbers of their products."""
    response = await client.get(f"/categories{query}")
    assert response.status_code == 200, response.text
    return {each["path"]: each["products_count"] for each in response.json()["items"]}


async def skus(client: httpx.AsyncClient, category: str, **query: str) -> list[str]:
    """Return the SKUs of the products of a category, in their order."""
    response = await client.get("/products", params={"category": category, "sort": "name"} | query)
    assert response.status_code == 200, response.text
    return sorted(each["sku"] for each in response.json()["items"])


async def put_into(
    client: httpx.AsyncClient, product: dict[str, Any], *categories: dict[str, Any]
) -> None:
    """Replace the categories of a product."""
    ids = [each["id"] for each in categories]
    path = f"/products/{product['id']}/categories"
    response = await client.put(path, json={"category_ids": ids})
    assert response.status_code == 200, response.text
    assert [each["id"] for each in response.json()["items"]] == ids
    assert (await client.get(path)).json() == response.json()
