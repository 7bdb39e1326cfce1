"""Sends POST requests with an `Idempotency-Key`, and reads the stored keys."""

from typing import Any

import httpx
from sqlalchemy import select

from app.models import IdempotencyKey
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user


async def post(
    client: httpx.AsyncClient, path: str, data: Any, key: str = "key-1"
) -> httpx.Response:
    """Post JSON with an idempotency key."""
    return await client.post(path, json=data, headers={"Idempotency-Key": key})


async def basket(client: httpx.AsyncClient, stock: int = 10, quantity: int = 1) -> dict[str, Any]:
    """Return the body of an order of a new user for a new product."""
    user, product = await create_user(client), await create_product(client, stock_quantity=stock)
    return {
        "user_id": user["id"],
        "items": [{"product_id": product["id"], "quantity": quantity}],
    }


def is_replayed(response: httpx.Response) -> bool:
    """Return whether a response is a repeated one."""
    return "true" in response.headers.get_list("Idempotency-Replayed")


async def kept(shop: Shop) -> list[str]:
    """Return the keys with a stored response."""
    async with shop.database.read() as session:
        return list(await session.scalars(select(IdempotencyKey.key).order_by("key")))
