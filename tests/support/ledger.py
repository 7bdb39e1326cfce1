"""Reads the stock, the movements and the orders of a shop through its API."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx


async def every(client: httpx.AsyncClient, path: str, **query: str) -> list[dict[str, Any]]:
    """Return the items of all pages of a list."""
    items: list[dict[str, Any]] = []
    place: dict[str, str] = {}
    while True:
        response = await client.get(path, params={"limit": "100"} | query | place)
        assert response.status_code == 200, response.text
        items += response.json()["items"]
        if response.json()["next"] is None:
            return items
        place = {"cursor": response.json()["next"]}


async def stock_of(client: httpx.AsyncClient, product_id: str) -> int:
    """Return the units of a product that are in stock."""
    response = await client.get(f"/products/{product_id}")
    assert response.status_code == 200, response.text
    stock: int = response.json()["stock_quantity"]
    return stock


async def movements_of(client: httpx.AsyncClient, product_id: str) -> list[tuple[str, int]]:
    """Return the reasons and the units of the stock movements of a product, oldest first."""
    movements = await every(client, f"/products/{product_id}/stock")
    return [(each["reason"], each["quantity"]) for each in reversed(movements)]


async def pieces_ordered(client: httpx.AsyncClient) -> Counter[str]:
    """Return the units of each product in all orders that are not cancelled."""
    pieces: Counter[str] = Counter()
    for order in await every(client, "/orders"):
        if order["status"] != "cancelled":
            for line in (await client.get(f"/orders/{order['id']}")).json()["items"]:
                pieces[line["product_id"]] += line["quantity"]
    return pieces


async def assert_conserved(client: httpx.AsyncClient, product_ids: Sequence[str]) -> None:
    """Check that the stock is the sum of its movements, and the sold units were ordered."""
    ordered = await pieces_ordered(client)
    for product_id in product_ids:
        movements = await movements_of(client, product_id)
        sold = [pieces for reason, pieces in movements if reason in ("sale", "cancellation")]
        assert await stock_of(client, product_id) == sum(pieces for _, pieces in movements)
        assert -sum(sold) == ordered[product_id]


async def snapshot(client: httpx.AsyncClient, *products: dict[str, Any]) -> list[Any]:
    """Return all that a refused change of orders could have changed."""
    shown = [(await client.get(f"/products/{product['id']}")).json() for product in products]
    movements = [await movements_of(client, product["id"]) for product in products]
    return [shown, movements, await every(client, "/orders")]
