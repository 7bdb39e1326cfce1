"""Writes and places drafts of orders through the API."""

from typing import Any

import httpx

EMAIL = "ada@example.com"


def line(product: dict[str, Any], quantity: int = 1, price: str | None = None) -> dict[str, Any]:
    """Return a line of a draft, with its own price if one is given."""
    own = {} if price is None else {"unit_price": price}
    return {"product_id": product["id"], "quantity": quantity} | own


async def write(client: httpx.AsyncClient, *items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Write a draft."""
    response = await client.post("/order-drafts", json={"items": items} | fields)
    assert response.status_code == 201, response.text
    draft: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/api/v1/order-drafts/{draft['id']}"
    return draft


async def read(client: httpx.AsyncClient, draft: dict[str, Any]) -> dict[str, Any]:
    """Return the current draft."""
    response = await client.get(f"/order-drafts/{draft['id']}")
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def place(
    client: httpx.AsyncClient, draft: dict[str, Any], total: str | None = None, **headers: str
) -> httpx.Response:
    """Place the order of a draft, at its total unless one is given."""
    body = {"expected_total": draft["quote"]["total"] if total is None else total}
    return await client.post(f"/order-drafts/{draft['id']}/place", json=body, headers=headers)


async def placed(client: httpx.AsyncClient, draft: dict[str, Any]) -> dict[str, Any]:
    """Place the order of a draft, check that GET returns the same, and return it."""
    response = await place(client, draft)
    assert response.status_code == 201, response.text
    order: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/api/v1/orders/{order['id']}"
    assert (await client.get(f"/orders/{order['id']}")).json() == order
    return order
