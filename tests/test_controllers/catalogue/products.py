"""Reads products over HTTP, with the movements of their stock."""

from typing import Any

import httpx

OUTGOING = {"quantity": -4, "reason": "damage"}


async def shown(client: httpx.AsyncClient, product: dict[str, Any]) -> dict[str, Any]:
    """Return a product over HTTP."""
    response = await client.get(f"/products/{product['id']}")
    assert response.status_code == 200, response.text
    product_shown: dict[str, Any] = response.json()
    return product_shown


async def movements_of(client: httpx.AsyncClient, product: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the movements of a product's stock, the newest first."""
    response = await client.get(f"/products/{product['id']}/stock", params={"limit": 100})
    assert response.json()["next"] is None
    movements: list[dict[str, Any]] = response.json()["items"]
    return movements


async def assert_stock_is_the_sum(client: httpx.AsyncClient, product: dict[str, Any]) -> None:
    """Check that the stock of a product is the sum of its movements."""
    moved = sum(movement["quantity"] for movement in await movements_of(client, product))
    assert (await shown(client, product))["stock_quantity"] == moved
