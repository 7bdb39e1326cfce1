"""Creates price lists through the API, and moves the clock to their begin and end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import httpx

from app.jobs.price_changes import follow_due
from app.wiring.resources import Shop
from tests.support.accounts import later

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_numbers = count(1)


async def make_list(
    client: httpx.AsyncClient,
    shop: Shop,
    prices: dict[str, Any],
    *,
    starts_in: timedelta | None = None,
    ends_in: timedelta | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Add a price list with prices by the ids of variants, for a period from now on."""
    now = shop.clock.now()
    code = f"list-{next(_numbers)}"
    period = {
        "starts_at": None if starts_in is None else (now + starts_in).isoformat(),
        "ends_at": None if ends_in is None else (now + ends_in).isoformat(),
    }
    sent = {"code": code, "name": code, **period, **changes}
    response = await client.post("/price-lists", json=sent)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    if prices:
        await set_prices(client, made, prices)
    return made


async def set_prices(
    client: httpx.AsyncClient, price_list: dict[str, Any], prices: dict[str, Any]
) -> dict[str, Any]:
    """Set prices by the ids of variants: amounts, or whole rows."""
    rows = [
        {"variant_id": each} | (price if isinstance(price, dict) else {"amount": price})
        for each, price in prices.items()
    ]
    path = f"/price-lists/{price_list['id']}/prices"
    response = await client.put(path, json={"prices": rows})
    assert response.status_code == 200, response.text
    outcome: dict[str, Any] = response.json()
    return outcome


async def follow(shop: Shop) -> int:
    """Apply all due changes of price lists; return the number of transactions."""
    number = 0
    while await follow_due(shop):
        number += 1
    return number


@asynccontextmanager
async def in_time(shop: Shop, by: timedelta) -> AsyncIterator[None]:
    """Move the clock and apply the due changes; at the end, move it back and apply them again."""
    with later(shop, by):
        await follow(shop)
        yield
    await follow(shop)


async def shown(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """Return the response to a GET request."""
    response = await client.get(path)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Return the products of a list."""
    response = await client.get("/products", params=query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items
