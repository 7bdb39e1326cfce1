"""Sets promotions and coupons through the API."""

from typing import Any

import httpx

PERCENT: dict[str, Any] = {
    "name": "Summer 2026",
    "label": "10 % off",
    "trigger": "automatic",
    "effect": "percent_items",
    "percent": "10",
    "amounts": [],
    "buys": None,
    "gets": None,
    "combines": True,
    "priority": 0,
    "is_active": True,
    "starts_at": None,
    "ends_at": None,
    "min_subtotals": [],
    "min_quantity": None,
    "category_ids": [],
    "product_ids": [],
    "countries": [],
    "first_order_only": False,
    "usage_limit": None,
    "per_customer_limit": None,
}
FIVE = [{"currency": "USD", "amount": "5.00"}]


async def add_promotion(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """Add a promotion, 10 percent off all lines unless fields say otherwise."""
    response = await client.post("/promotions", json=PERCENT | fields)
    assert response.status_code == 201, response.text
    added: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/api/v1/promotions/{added['id']}"
    return added


async def add_coupons(
    client: httpx.AsyncClient, promotion: dict[str, Any], **fields: Any
) -> list[dict[str, Any]]:
    """Add coupons to a promotion."""
    path = f"/promotions/{promotion['id']}/coupons"
    response = await client.post(path, json=fields)
    assert response.status_code == 201, response.text
    assert response.headers["Location"] == f"/api/v1{path}"
    added: list[dict[str, Any]] = response.json()["items"]
    return added


async def add_code(
    client: httpx.AsyncClient, code: str, usage_limit: int | None = None, **fields: Any
) -> dict[str, Any]:
    """Add a promotion that applies with one code."""
    promotion = await add_promotion(client, **fields, trigger="code")
    await add_coupons(client, promotion, code=code, usage_limit=usage_limit)
    return promotion
